// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/inbox.h"

#include <algorithm>
#include <cstring>

namespace wstap::ws {

MutableBytes Inbox::space(MutableBytes lent) {
  window_is_own_ = wanted_ > lent.size() || kept_ >= lent.size();
  if (window_is_own_) {
    // Twice what came, but no more than the frame needs: at most half of the memory is ahead of the data.
    const std::uint64_t room = std::max<std::uint64_t>(lent.size(), kept_);
    const std::uint64_t size =
        std::min<std::uint64_t>(kept_ + room, std::max<std::uint64_t>(wanted_, kept_ + 1));
    if (own_.size() < size) own_.resize(static_cast<std::size_t>(size));
    window_ = own_;
  } else {
    if (kept_ != 0) std::memcpy(lent.data(), own_.data(), kept_);
    window_ = lent;
  }
  return window_.subspan(kept_);
}

MutableBytes Inbox::received(std::size_t read) {
  return window_.first(kept_ + read);
}

void Inbox::keep(Bytes rest, std::uint64_t wanted) {
  wanted_ = wanted;
  kept_ = rest.size();
  if (rest.empty()) {
    own_ = Buffer();  // gives the memory back
  } else if (!window_is_own_) {
    own_.assign(rest.begin(), rest.end());
  } else if (rest.data() != own_.data()) {
    own_.erase(own_.begin(), own_.begin() + (rest.data() - own_.data()));
    own_.resize(kept_);
    own_.shrink_to_fit();
  }
  window_ = {};
}

}  // namespace wstap::ws
