// SPDX-License-Identifier: Apache-2.0
// wstap echo: a small WebSocket server, so that a first session needs nothing else.
#include <fmt/format.h>

#include "cmd/authority.h"
#include "cmd/options.h"
#include "cmd/origin.h"
#include "cmd/output.h"
#include "cmd/signals.h"
#include "libcore/net/echo_server.h"
#include "libcore/net/listening.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::cmd {
namespace {

struct Options {
  AuthorityOptions authority;
  LogOptions log;
  std::string listen = "127.0.0.1:9000";
  std::string name = "localhost";
  std::string ready_file;
  bool tls = false;
  std::uint64_t source_messages = 0;
  std::uint64_t source_bytes = 1024;
};

/// What only `--tls` needs.
Result<std::optional<tls::Interception>> make_tls(const Options& options) {
  if (!options.tls) return std::nullopt;
  auto authority = open_authority(options.authority);
  if (!authority) return std::unexpected(authority.error());
  auto made = tls::Interception::make(std::move(*authority), {});
  if (!made) return std::unexpected(made.error());
  return std::optional(std::move(*made));
}

Exit serve(const Options& options, const asio::ip::tcp::endpoint& endpoint, const tls::Interception* tls,
           Log& log, Io& io) {
  net::EchoOptions echo{.listen = endpoint, .tls_name = {}, .source_messages = options.source_messages};
  if (options.tls) echo.tls_name = options.name;
  echo.source_bytes = options.source_bytes;
  StopSignals signals;
  net::EchoServer server(std::move(echo), tls, log);
  const auto bound = server.listen();
  if (!bound) {
    complain(io, "echo", bound.error().text());
    return Exit::network;
  }
  const auto address = net::to_string(*bound);
  if (!options.ready_file.empty()) {
    if (auto written = replace_file(options.ready_file, ready_text({address})); !written) {
      complain(io, "echo", written.error().text());
      return Exit::failed;
    }
  }
  log.line(LogLevel::notice, "listening on " + address);
  signals.listen([&server](int, int) { server.stop(); });
  server.run();
  signals.end();
  return Exit::ok;
}

Exit run(const CLI::App& app, const Options& options, Io& io) {
  const auto endpoint = net::parse_endpoint(options.listen);
  if (!endpoint) {
    complain(io, "echo", with_origin(app, "--listen: " + endpoint.error().text()));
    return Exit::usage;
  }
  auto tls = make_tls(options);
  if (!tls) {
    complain(io, "echo", tls.error().text());
    return exit_for(tls.error().code);
  }
  const auto log = make_log("echo", options.log);
  return serve(options, *endpoint, *tls ? &**tls : nullptr, *log, io);
}

}  // namespace

Run setup_echo(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--listen", options->listen, "address to listen on; port 0: any free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  auto* tls = app.add_flag("--tls", options->tls, "serve wss, with a certificate of wstap's own authority");
  app.add_option("--name", options->name, "host name in that certificate")
      ->type_name("HOST")
      ->capture_default_str()
      ->needs(tls);
  auto* source = add_count(app, "--source", options->source_messages, 0, 1'000'000'000'000,
                           "greet every client with so many binary messages and a Close");
  add_size(app, "--size", options->source_bytes, "length of each of them")->needs(source);
  app.add_option("--ready-file", options->ready_file,
                 "write address and process id here, as JSON, once it listens")
      ->type_name("FILE");
  add_authority_options(app, options->authority);
  add_log_options(app, options->log);
  app.footer(
      "Echoes every frame as it came: fragments stay fragments. Answers Ping and Close. A browser that opens "
      "its address gets a page to type into.\n"
      "Manual: wstap-echo(1)");
  return [&app, options](Io& io) { return run(app, *options, io); };
}

}  // namespace wstap::cmd
