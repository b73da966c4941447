// SPDX-License-Identifier: Apache-2.0
#include "cmd/control_access.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cmd/origin.h"
#include "cmd/output.h"
#include "formats/control_codec.h"
#include "libcore/base/printable.h"
#include "libcore/control/errors.h"
#include "libcore/control/path.h"
#include "libcore/control/reviewer_name.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "intercept";
constexpr std::string_view kDevices = "/dev/";

const formats::ControlCodec& codec() {
  static const formats::ControlCodec instance;
  return instance;
}

/// The only proxy's socket.
std::optional<std::string> only_socket(Io& io, Exit& status) {
  const auto live = control::live_sockets();
  if (!live) {
    complain(io, kName, live.error().text());
    status = Exit::usage;
    return std::nullopt;
  }
  if (live->size() == 1) return live->front();
  status = Exit::usage;
  if (live->empty()) {
    complain(io, kName,
             fmt::format("no proxy runs that could be asked: nothing listens in {} (start wstap proxy, or "
                         "name its socket: --control SOCKET)",
                         control::directory()));
    return std::nullopt;
  }
  complain(io, kName, "several proxies run (say which: --control SOCKET)");
  for (const auto& path : *live) io.err << "  " << printable(path) << '\n';
  return std::nullopt;
}

}  // namespace

void add_control_options(CLI::App& app, ControlAccess& access) {
  app.add_option("--control", access.path,
                 "the proxy's control socket; default: that of the only proxy that runs")
      ->type_name("SOCKET");
  app.add_option("--name", access.name,
                 "by which other reviewers, and captures, know this one; default: user and terminal")
      ->type_name("NAME");
}

std::string default_reviewer() {
  const char* user = std::getenv("USER");
  std::string name = user != nullptr ? user : "";
  if (name.empty()) {
    const passwd* entry = ::getpwuid(::geteuid());
    name = entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
  }
  const char* terminal = ::ttyname(STDIN_FILENO);
  if (terminal == nullptr) return name;
  std::string_view device(terminal);
  if (device.starts_with(kDevices)) device.remove_prefix(kDevices.size());
  return fmt::format("{}@{}", name, device);
}

std::optional<control::Client> reach_proxy(const CLI::App& app, const ControlAccess& access, Io& io,
                                           Exit& status) {
  std::string name = access.name.empty() ? default_reviewer() : access.name;
  if (const auto fault = control::fault_of_name(name); !fault.empty()) {
    if (!access.name.empty()) {
      complain(io, kName, with_origin(app, "--name: " + fault));
      status = Exit::usage;
      return std::nullopt;
    }
    // The proxy has one for those that have none.
    name.clear();
  }
  const auto path = access.path.empty() ? only_socket(io, status) : access.path;
  if (!path) return std::nullopt;
  auto client = control::Client::connect(*path, codec(), std::move(name));
  if (client) return std::move(*client);
  // Which proxy was meant is a matter of what was typed.
  const auto& error = client.error();
  const bool wrong_path = error.code == std::errc::no_such_file_or_directory ||
                          error.code == control::Errc::connect_failed ||
                          error.code == std::errc::not_a_socket;
  complain(io, kName, wrong_path ? with_origin(app, "--control: " + error.text()) : error.text());
  status = wrong_path ? Exit::usage : exit_for(error.code);
  return std::nullopt;
}

Exit connection_failed(const Error& error, Io& io) {
  complain(io, kName, error.text());
  return exit_for(error.code);
}

}  // namespace wstap::cmd
