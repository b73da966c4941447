// SPDX-License-Identifier: Apache-2.0
// What `wstap proxy` can be told, from the command line to the values its parts want.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/authority.h"
#include "cmd/hold_options.h"
#include "cmd/logging.h"
#include "cmd/options.h"
#include "formats/capture_writer.h"
#include "libcore/net/proxy_options.h"
#include "libcore/tls/interception.h"

namespace wstap::cmd {

/// Options as they are typed; what needs no translation sits in the parts' own structs.
struct ProxySettings {
  net::ProxyOptions net;
  tls::InterceptionOptions tls;
  formats::CaptureOptions capture;  ///< path empty: nothing is recorded
  AuthorityOptions authority;
  LogOptions log;
  HoldOptions hold;
  Colour colour = Colour::automatic;
  Deflate deflate = Deflate::on;

  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::string reverse;
  std::string credentials;  ///< "USER:PASSWORD" or "@FILE"
  std::string upstream_ca, key_log;
  std::string rules;  ///< a file; empty: no rules
  std::string ready_file;
  std::string control;  ///< a socket's path, or "off"; empty: where it usually is
  std::chrono::milliseconds rotate_every{0};
  std::chrono::milliseconds max_wait{30'000};
  std::uint64_t max_head_bytes = 64 * 1024;
  bool allow_remote = false;
  std::optional<bool> print;  ///< nothing: when nothing is recorded
  bool json = false;
  std::vector<std::string> given;  ///< what was typed, for the capture's header; no secrets

  bool prints() const noexcept { return print.value_or(capture.path.empty()); }
};

void declare_proxy_options(CLI::App& app, ProxySettings& settings);

/// Translates and checks what was typed. @return what is wrong, for a usage error; empty: nothing.
std::string complete_proxy_settings(const CLI::App& app, ProxySettings& settings);

}  // namespace wstap::cmd
