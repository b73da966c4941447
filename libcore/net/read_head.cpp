// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/read_head.h"

#include <fmt/format.h>

#include "libcore/net/errors.h"

namespace wstap::net {

asio::awaitable<Result<std::optional<std::size_t>>> read_head(Stream& stream, http1::HeadLimits limits) {
  http1::HeadFinder finder(limits.max_bytes);
  for (;;) {
    const auto length = finder.find(stream.unread);
    if (!length) co_return std::unexpected(length.error());
    if (*length) co_return **length;
    const IoStatus status = co_await fill(stream);
    if (status == IoStatus::ok) continue;
    if (stream.unread.empty() && status != IoStatus::failed) co_return std::nullopt;
    if (status == IoStatus::failed && !stream.io->cancelled())
      co_return fail(stream.io->error().code, stream.io->error().detail);
    co_return fail(Errc::peer_closed,
                   fmt::format("in the middle of a head, after {} bytes", stream.unread.size()));
  }
}

}  // namespace wstap::net
