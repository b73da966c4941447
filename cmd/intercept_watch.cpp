// SPDX-License-Identifier: Apache-2.0
#include "cmd/intercept_watch.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <ostream>

#include "cmd/control_access.h"
#include "cmd/output.h"
#include "cmd/signal_descriptor.h"
#include "formats/held_view.h"
#include "formats/review_json.h"

namespace wstap::cmd {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kWriteAtOnce = 64 * 1024;

void print(std::string& out, const control::Reply& reply, WatchForm form) {
  if (const auto* held = std::get_if<control::Held>(&reply.body)) {
    form.json ? formats::held_json(out, *held->item)
              : formats::held_line(out, *held->item, SystemClock().now_ns(), form.colour);
  } else if (const auto* settled = std::get_if<pipeline::Settled>(&reply.body)) {
    form.json ? formats::settled_json(out, *settled)
              : formats::settled_line(out, *settled, SystemClock().now_ns(), form.colour);
  }
}

/// Prints what is there. @return false when nobody reads it any more.
Result<bool> print_what_came(control::Client& proxy, WatchForm form, std::ostream& to) {
  std::string out;
  const auto flush = [&] {
    to.write(out.data(), static_cast<std::streamsize>(out.size())).flush();
    out.clear();
    return to.good();
  };
  for (;;) {
    const auto reply = proxy.receive(milliseconds(0));
    if (reply && *reply) {
      print(out, **reply, form);
      if (out.size() >= kWriteAtOnce && !flush()) return false;
      continue;
    }
    if (!flush()) return false;
    if (!reply) return std::unexpected(reply.error());
    return true;
  }
}

}  // namespace

Exit watch_items(control::Client& proxy, WatchForm form, Io& io) {
  SignalDescriptor signals({SIGINT, SIGTERM, SIGHUP});
  if (const auto begun = proxy.ask(control::Watch{}); !begun) return connection_failed(begun.error(), io);
  for (;;) {
    const auto printed = print_what_came(proxy, form, io.out);
    if (!printed) return connection_failed(printed.error(), io);
    if (!*printed) return output_failed(io);
    // Of standard output only that its reader is gone.
    std::array<pollfd, 3> waits = {pollfd{proxy.descriptor(), POLLIN, 0}, pollfd{signals.get(), POLLIN, 0},
                                   pollfd{STDOUT_FILENO, 0, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0 || waits[2].revents != 0) return Exit::ok;
  }
}

}  // namespace wstap::cmd
