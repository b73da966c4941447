// SPDX-License-Identifier: Apache-2.0
// wstap proxy: between clients and servers, recording every frame.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "cmd/flow_log.h"
#include "cmd/last_resort.h"
#include "cmd/live_rules.h"
#include "cmd/origin.h"
#include "cmd/output.h"
#include "cmd/proxy_options.h"
#include "cmd/rules_file.h"
#include "cmd/signals.h"
#include "cmd/version.h"
#include "formats/control_codec.h"
#include "formats/live_view.h"
#include "formats/redactor.h"
#include "libcore/control/path.h"
#include "libcore/control/server.h"
#include "libcore/net/proxy.h"
#include "libcore/net/tcp_transport.h"
#include "libcore/pipeline/tap_list.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "proxy";
// Peers have five seconds to end after the first signal, and none after the second; more than that only takes
// a process whose output nobody takes.
constexpr std::chrono::seconds kDrain{7}, kCut{1};

Exit fail_with(const Error& error, Io& io) {
  complain(io, kName, error.text());
  return exit_for(error.code);
}

/// Where observations go: a capture, a terminal or both, and the log.
class Recording {
 public:
  Recording(const ProxySettings& settings, Clock& clock, Log& log)
      : settings_(settings),
        clock_(clock),
        log_(log),
        flow_log_(log, settings.prints() ? LogLevel::notice : LogLevel::info),
        redactor_(taps_, inflate_limits(settings.net.flow), settings.net.max_buffered_bytes) {}

  /// @param stop  what to do when frames cannot be recorded or printed any more.
  Result<void> open(std::function<void()> stop) {
    stop_ = std::move(stop);
    if (!settings_.capture.path.empty()) {
      formats::CaptureOptions options = settings_.capture;
      const bool passes = options.on_error == formats::OnCaptureError::pass;
      options.on_lost = [this, passes](const Error& error) {
        log_.line(LogLevel::error, fmt::format("recording failed{}: {}",
                                               passes ? ", traffic passes unrecorded" : "", error.text()));
        if (passes) return;
        failed_ = true;
        stop_();  // rather than when the flow's end tells the proxy
      };
      options.inflating = inflating(settings_.net.flow);
      options.inflate_limits = inflate_limits(settings_.net.flow);
      options.max_waiting_bytes = settings_.net.max_buffered_bytes;
      auto writer = formats::CaptureWriter::open(std::move(options), clock_);
      if (!writer) return std::unexpected(writer.error());
      writer_ = std::move(*writer);
      taps_.add(*writer_);
    }
    if (settings_.prints()) {
      const auto style = settings_.json ? formats::LiveStyle::json : formats::LiveStyle::lines;
      view_ = std::make_unique<formats::LiveView>(
          style, wants_colour(settings_.colour),
          [this](std::string_view lines) {
            print(lines);
            return true;
          },
          formats::FlowBook(inflating(settings_.net.flow), inflate_limits(settings_.net.flow),
                            settings_.net.max_buffered_bytes));
      taps_.add(*view_);
    }
    taps_.add(flow_log_);
    return {};
  }

  /// What is told of traffic goes through it.
  formats::Redactor& redactor() noexcept { return redactor_; }
  pipeline::Tap& tap() noexcept { return redactor_; }
  /// Something could not be recorded, and had to be.
  bool failed() const noexcept { return failed_; }
  /// Why frames could not be printed, as an errno; 0: they could.
  int print_error() const noexcept { return print_error_; }

 private:
  void print(std::string_view lines) {
    if (print_error_ != 0 || write_whole(STDOUT_FILENO, as_bytes(lines))) return;
    print_error_ = errno;
    stop_();
  }

  const ProxySettings& settings_;
  Clock& clock_;
  Log& log_;
  std::unique_ptr<formats::CaptureWriter> writer_;
  std::unique_ptr<formats::LiveView> view_;
  FlowLog flow_log_;
  pipeline::TapList taps_;
  formats::Redactor redactor_;
  std::function<void()> stop_;
  std::atomic<bool> failed_{false};
  std::atomic<int> print_error_{0};
};

/// The control socket of a proxy, if it has one (HOLD-6).
class Control {
 public:
  Control(const ProxySettings& settings, std::unique_ptr<control::Port> port, Log& log)
      : port_(std::move(port)), log_(log) {
    options_.path = settings.control.empty() ? control::default_path() : settings.control;
    options_.program = fmt::format("wstap {}", kVersion);
    is_wanted_ = settings.control != "off";
    is_asked_for_ = !settings.control.empty();
    holds_ = settings.hold.any();
  }

  /// @error why there is none, where the user named one.
  Result<void> open() {
    if (!is_wanted_) {
      if (holds_) log_.line(LogLevel::warning, "--control off: nobody can decide about what is held");
      return {};
    }
    server_.emplace(options_, *port_, codec_, log_);
    auto started = server_->start();
    if (started) return {};
    server_.reset();
    if (is_asked_for_) return started;
    log_.line(LogLevel::warning, fmt::format("no control socket, nobody can decide about what is held: {}",
                                             started.error().text()));
    return {};
  }
  /// Empty: there is none.
  std::string path() const { return server_ ? options_.path : std::string(); }
  void close() { server_.reset(); }

 private:
  std::unique_ptr<control::Port> port_;
  formats::ControlCodec codec_;
  control::ServerOptions options_;
  Log& log_;
  bool is_wanted_ = false, is_asked_for_ = false, holds_ = false;
  std::optional<control::Server> server_;
};

Result<void> announce(const ProxySettings& settings, const std::vector<asio::ip::tcp::endpoint>& bound,
                      const std::string& control, Log& log) {
  std::vector<std::string> addresses;
  std::string line = "listening on ";
  for (const auto& endpoint : bound) {
    if (!addresses.empty()) line += ", ";
    line += addresses.emplace_back(net::to_string(endpoint));
  }
  if (!settings.ready_file.empty()) {
    if (auto written = replace_file(settings.ready_file, ready_text(addresses, control)); !written)
      return written;
  }
  log.line(LogLevel::notice, line);
  return {};
}

/// Why the proxy ended, as an exit status.
Exit conclude(const net::Proxy& proxy, const Recording& recording, bool drained, int signal, Io& io) {
  if (proxy.failure() || recording.failed()) return Exit::failed;  // which was said when it happened
  if (const int error = recording.print_error(); error != 0 && error != EPIPE) {
    complain(io, kName, fmt::format("standard output: {}", std::strerror(error)));
    return Exit::failed;
  }
  // Nobody reads the printed frames any more: that is how pipelines end (CLI-1).
  if (drained || recording.print_error() == EPIPE) return Exit::ok;
  return signal == SIGTERM ? Exit::terminated : Exit::interrupted;
}

Exit serve(const ProxySettings& settings, const rules::RuleSet& rules, tls::Interception& tls, Log& log,
           StopSignals& signals, Io& io) {
  SystemClock clock;
  Recording recording(settings, clock, log);
  net::Proxy proxy(settings.net, {recording.tap(), clock, log, tls});
  LiveRules live_rules(settings, proxy, recording.redactor(), clock, log);
  // A port in use must not cost anybody a capture: listen before the file is made.
  const auto bound = proxy.listen();
  if (!bound) {
    complain(io, kName, bound.error().text());
    return Exit::network;
  }
  if (auto opened = recording.open([&proxy] { proxy.stop(); }); !opened) return fail_with(opened.error(), io);
  live_rules.begin(rules);
  Control control(settings, proxy.control([&](bool reload) { return live_rules.tell(reload); }), log);
  if (auto opened = control.open(); !opened) {
    complain(io, kName, fmt::format("--control: {}", opened.error().text()));
    return Exit::failed;
  }
  if (auto told = announce(settings, *bound, control.path(), log); !told) return fail_with(told.error(), io);
  std::atomic<int> last_signal{0};
  LastResort last_resort(kName);
  int count = 0;
  signals.listen([&](int, int signal) {
    if (signal == SIGHUP && live_rules.has_file()) return live_rules.reload();
    ++count;
    last_signal = signal;
    last_resort.arm(count == 1 ? kDrain : kCut, signal);
    if (count == 1) log.line(LogLevel::notice, "stopping (once more: at once)");
    proxy.stop();
  });
  const bool drained = proxy.run();
  signals.end();
  control.close();
  return conclude(proxy, recording, drained, last_signal, io);
}

Exit run(const CLI::App& app, ProxySettings& settings, Io& io) {
  if (const auto wrong = complete_proxy_settings(app, settings); !wrong.empty()) {
    complain(io, kName, with_origin(app, wrong));
    return Exit::usage;
  }
  if (settings.capture.path == "-" && ::isatty(STDOUT_FILENO) == 1) {
    complain(io, kName,
             with_origin(app,
                         "-w -: a capture is binary and standard output is a terminal (pipe it: | wstap "
                         "inspect -)"));
    return Exit::usage;
  }
  rules::RuleSet rules;
  if (!settings.rules.empty()) {
    auto loaded = load_rules(settings.rules, kName, io);
    if (!loaded) return Exit::usage;
    rules = std::move(*loaded);
  }
  StopSignals signals;
  auto authority = open_authority(settings.authority);
  if (!authority) return fail_with(authority.error(), io);
  auto tls = tls::Interception::make(std::move(*authority), settings.tls);
  if (!tls) return fail_with(tls.error(), io);
  const auto log = make_log(kName, settings.log);
  return serve(settings, rules, *tls, *log, signals, io);
}

}  // namespace

Run setup_proxy(CLI::App& app) {
  auto settings = std::make_shared<ProxySettings>();
  declare_proxy_options(app, *settings);
  app.footer(
      "Without -w frames are printed as 'wstap inspect' would show them; with it they are recorded, and "
      "standard "
      "output stays empty. Clients use wstap as HTTP proxy (CONNECT or http:// requests) or as SOCKS5 proxy, "
      "all on one port; for wss they must trust the authority of 'wstap ca'.\n"
      "  wstap proxy -w session.wstap\n"
      "Manual: wstap-proxy(1)");
  return [&app, settings](Io& io) { return run(app, *settings, io); };
}

}  // namespace wstap::cmd
