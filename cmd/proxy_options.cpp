// SPDX-License-Identifier: Apache-2.0
#include "cmd/proxy_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

#include "cmd/proxy_conflicts.h"
#include "cmd/version.h"
#include "libcore/net/listening.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::cmd {
namespace {

using pipeline::DropOpen;
using pipeline::Forward;
using pipeline::InflateWhen;
using pipeline::OnAnomaly;
using pipeline::OnMessageLimit;

void declare_ways_in(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Ways in");
  app.add_option("--listen", s.listen, "listen here; may be repeated; port 0: any free one")
      ->type_name("ADDR:PORT")
      ->default_str(s.listen.front())
      ->allow_extra_args(false);
  app.add_option("--reverse", s.reverse,
                 "be the server itself, in front of this one (ws, wss, http or https)")
      ->type_name("URL");
  app.add_flag("--allow-remote", s.allow_remote, "listen on addresses that other machines reach");
  app.add_option("--proxy-auth", s.credentials,
                 "what clients must show: USER:PASSWORD, or @FILE that holds it")
      ->type_name("SECRET");
  add_duration(app, "--detect-timeout", s.net.detect_timeout,
               "relay a tunnel unread whose client is silent for so long");
  app.add_flag("--bridge", s.net.bridge, "translate where client and server do not speak the same HTTP");
  app.add_flag("--lenient-heads", s.net.lenient_heads,
               "pass on HTTP heads that two parsers could read differently");
  add_count(app, "--workers", s.net.workers, 1, 256, "threads that serve connections (default: one a core)");
  app.add_option("--ready-file", s.ready_file,
                 "write addresses and process id here, as JSON, once it listens")
      ->type_name("FILE");
}

void declare_tls(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "TLS");
  add_authority_options(app, s.authority);
  app.add_option("--upstream-ca", s.upstream_ca,
                 "trust the authorities in this file (PEM) instead of the system's")
      ->type_name("FILE");
  app.add_flag("-k,--insecure", s.tls.insecure, "accept whatever certificate a server shows");
  app.add_option("--keylog", s.key_log,
                 "add the TLS secrets of both legs to this file, as SSLKEYLOGFILE does")
      ->type_name("FILE");
}

void declare_frames(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Frames and flows");
  auto& flow = s.net.flow;
  add_choice<Forward>(
      app, "--forward", flow.forward, {{"reencode", Forward::reencode}, {"verbatim", Forward::verbatim}},
      "reencode: write every frame anew, with a mask of wstap's own; verbatim: pass on the original bytes");
  add_choice<OnAnomaly>(app, "--on-anomaly", flow.on_anomaly,
                        {{"pass", OnAnomaly::pass}, {"close", OnAnomaly::close}},
                        "frames that RFC 6455 or 7692 forbids: pass them on, or end the flow");
  add_size(app, "--max-frame", flow.max_frame_bytes,
           "largest payload of one frame; a larger one ends the flow");
  add_size(app, "--max-message", flow.max_message_bytes, "largest payload of one message");
  add_choice<OnMessageLimit>(app, "--on-message-limit", flow.on_message_limit,
                             {{"mark", OnMessageLimit::mark}, {"close", OnMessageLimit::close}},
                             "larger messages: pass them on with a note, or end the flow");
  add_duration(app, "--close-timeout", s.net.relay.close_timeout,
               "how long after a Close a connection may stay open");
  add_duration(app, "--idle-timeout", s.net.relay.idle_timeout,
               "end flows in which nothing comes for so long");
}

void declare_content(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Payloads and changes");
  auto& flow = s.net.flow;
  app.add_option("--rules", s.rules,
                 "what to change on the way, see wstap-rules(5); SIGHUP reads the file again")
      ->type_name("FILE");
  add_duration(app, "--max-wait", s.max_wait,
               "how long fragments wait for the rest of a message that rules judge whole");
  add_deflate_option(app, s.deflate);
  add_choice<InflateWhen>(
      app, "--inflate", flow.inflate,
      {{"auto", InflateWhen::wanted}, {"always", InflateWhen::always}, {"never", InflateWhen::never}},
      "when compressed messages are inflated; auto: where something wants to read or change them; never: "
      "nothing can");
  add_size(app, "--inflate-work", flow.inflate_work_bytes,
           "bytes inflated of one message; beyond, no more of its direction can be read");
  add_choice<DropOpen>(app, "--drop-open", flow.drop_open,
                       {{"truncate", DropOpen::truncate}, {"close", DropOpen::close}},
                       "a message is dropped whose beginning has left: end it there, or end the flow");
  app.add_flag("--force-edit", flow.force_edit,
               "change data frames although an unknown extension gives them their meaning");
}

void declare_limits(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Limits");
  add_count(app, "--max-connections", s.net.max_connections, 1, 10'000'000,
            "client connections at a time; more wait")
      ->default_str(std::to_string(s.net.max_connections));
  add_duration(app, "--dial-timeout", s.net.dial_timeout, "for a connection to a server");
  add_duration(app, "--handshake-timeout", s.net.handshake_timeout,
               "for each of: first bytes, request head, TLS, answer to an upgrade");
  add_size(app, "--max-head", s.max_head_bytes, "largest HTTP head");
  add_count(app, "--max-headers", s.net.max_head_fields, 1, 1'000'000, "header fields in one HTTP head")
      ->default_str(std::to_string(s.net.max_head_fields));
  add_size(app, "--max-buffered", s.net.max_buffered_bytes,
           "bytes waiting in buffers of all connections; beyond, reading pauses");
}

void declare_capture(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Capture");
  using formats::Fsync;
  using formats::OnCaptureError;
  auto& capture = s.capture;
  app.add_option("-w,--write", capture.path, "record every frame here; -: to standard output")
      ->type_name("FILE");
  app.add_flag("--force", capture.force, "overwrite that file");
  add_choice<OnCaptureError>(app, "--on-capture-error", capture.on_error,
                             {{"stop", OnCaptureError::stop}, {"pass", OnCaptureError::pass}},
                             "when recording fails: stop, so that nothing passes unrecorded; or pass");
  add_choice<Fsync>(app, "--fsync", capture.fsync,
                    {{"never", Fsync::never}, {"interval", Fsync::interval}, {"always", Fsync::always}},
                    "have the disk confirm records: never, once a second, every one");
  add_size(app, "--rotate-size", capture.rotate_bytes, "begin another part of the capture after so much");
  add_size(app, "--max-recorded-payload", capture.max_payload_bytes, "record no more of each payload");
  add_duration(app, "--rotate-time", s.rotate_every, "begin another part of the capture after so long");
}

void declare_output(CLI::App& app, ProxySettings& s) {
  const OptionGroup group(app, "Output");
  // By a function: CLI11 takes an optional for a counter, and begins by setting it to 0.
  app.add_flag_function(
         "--print,!--no-print", [&s](std::int64_t count) { s.print = count > 0; },
         "print frames; default: when they are not recorded")
      ->check(flag_value());
  app.add_flag("--json", s.json, "print frames as JSON Lines");
  add_colour_option(app, s.colour);
  add_log_options(app, s.log);
}

/// Everything given on the command line, by the environment or a file, as "--name=value".
std::vector<std::string> given_options(const CLI::App& app) {
  std::vector<std::string> given;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    const bool secret = option->check_lname("proxy-auth");
    for (const auto& value : option->results())
      given.push_back(fmt::format("{}={}", option->get_name(), secret ? "..." : value));
  }
  return given;
}

/// @return what is wrong with the secret; empty: nothing.
std::string read_credentials(const std::string& given, std::optional<net::SocksCredentials>& credentials) {
  if (given.empty()) return {};
  std::string text = given;
  if (given.starts_with('@')) {
    std::ifstream file(given.substr(1));
    if (!std::getline(file, text)) return fmt::format("--proxy-auth: cannot read {}", given.substr(1));
  }
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return "--proxy-auth: expected USER:PASSWORD, or @FILE";
  credentials = {text.substr(0, colon), text.substr(colon + 1)};
  return {};
}

std::string read_addresses(ProxySettings& s) {
  for (const auto& text : s.listen) {
    const auto endpoint = net::parse_endpoint(text);
    if (!endpoint) return "--listen: " + endpoint.error().text();
    if (!endpoint->address().is_loopback() && !s.allow_remote && !s.net.credentials)
      return fmt::format(
          "--listen {}: other machines could use this proxy (add --proxy-auth, or --allow-remote if that is "
          "meant)",
          text);
    s.net.listen.push_back(*endpoint);
  }
  return {};
}

}  // namespace

void declare_proxy_options(CLI::App& app, ProxySettings& settings) {
  settings.net.workers = std::max(1U, std::thread::hardware_concurrency());
  declare_ways_in(app, settings);
  declare_tls(app, settings);
  declare_frames(app, settings);
  declare_content(app, settings);
  declare_hold_options(app, settings.hold, settings.control);
  declare_limits(app, settings);
  declare_capture(app, settings);
  declare_output(app, settings);
  declare_proxy_conflicts(app);
}

std::string complete_proxy_settings(const CLI::App& app, ProxySettings& s) {
  if (auto wrong = find_useless_option(app, s); !wrong.empty()) return wrong;
  if (auto wrong = read_credentials(s.credentials, s.net.credentials); !wrong.empty()) return wrong;
  if (auto wrong = read_addresses(s); !wrong.empty()) return wrong;
  if (auto wrong = complete_hold_options(app, s.hold); !wrong.empty()) return wrong;
  if (!s.reverse.empty()) {
    auto url = http1::parse_url(s.reverse);
    if (!url) return "--reverse: " + url.error().text();
    s.net.reverse = std::move(*url);
    // Clients of a server know nothing of proxies: nobody would ask them.
    if (s.net.credentials)
      return "--proxy-auth: clients of --reverse are not asked for credentials (leave it out; "
             "--allow-remote, if "
             "other machines are to connect)";
  }
  if (s.capture.path == "-" && s.prints()) return "--print: standard output is the capture's already (-w -)";
  if (s.net.flow.max_frame_bytes == 0) s.net.flow.max_frame_bytes = formats::kMaxPayloadBytes;
  s.net.flow.reads_deflate = reads_deflate(s.deflate);
  constexpr std::chrono::hours kForEver{24 * 365 * 10};
  const auto max_wait = s.max_wait.count() == 0 ? kForEver : std::chrono::nanoseconds(s.max_wait);
  s.net.flow.max_wait_ns = max_wait.count();
  for (std::uint64_t* limit : {&s.net.flow.max_message_bytes, &s.net.flow.inflate_work_bytes,
                               &s.max_head_bytes, &s.net.max_buffered_bytes})
    if (*limit == 0) *limit = std::numeric_limits<std::uint64_t>::max();
  if (s.net.flow.max_frame_bytes > formats::kMaxPayloadBytes)
    return fmt::format("--max-frame: a capture holds frames of at most {} bytes", formats::kMaxPayloadBytes);
  s.net.max_head_bytes = static_cast<std::size_t>(s.max_head_bytes);
  if (!s.upstream_ca.empty()) s.tls.upstream_ca = s.upstream_ca;
  if (!s.key_log.empty()) s.tls.key_logs.push_back(s.key_log);
  const char* logged = std::getenv("SSLKEYLOGFILE");
  if (logged != nullptr && *logged != '\0' && s.key_log != logged) s.tls.key_logs.emplace_back(logged);
  s.capture.rotate_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(s.rotate_every).count());
  s.capture.tool = std::string("wstap ") + kVersion;
  s.capture.options = given_options(app);
  return {};
}

}  // namespace wstap::cmd
