// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/inbox.h"

#include <algorithm>
#include <cstring>

namespace wstap::ws {

MutableBytes Inbox::space(MutableBytes lent) {
  // A frame that will not fit in what is lent stays there until it half fills it: before that, memory of its
  // own would be ahead of what arrived.
  window_is_own_ = kept_ >= lent.size() || (wanted_ > lent.size() && kept_ >= lent.size() / 2);
  if (window_is_own_) {
    if (own_.size() == kept_) grow();
    window_ = own_;
  } else {
    if (kept_ != 0) std::memcpy(lent.data(), own_.data(), kept_);
    window_ = lent;
  }
  return window_.subspan(kept_);
}

/// Doubles what came, but never beyond the end of the frame: at most half of the memory is ahead of the data.
void Inbox::grow() {
  std::size_t size = kept_ * 2;
  if (wanted_ > kept_) size = static_cast<std::size_t>(std::min<std::uint64_t>(size, wanted_));
  own_.reserve(size);  // resize() alone may take more
  own_.resize(size);
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
    if (own_.capacity() > 2 * rest.size()) own_ = Buffer();  // it held a longer frame
    own_.assign(rest.begin(), rest.end());
  } else if (rest.data() != own_.data()) {
    own_ = to_buffer(rest);
  }
  window_ = {};
}

}  // namespace wstap::ws
