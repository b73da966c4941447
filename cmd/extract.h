// SPDX-License-Identifier: Apache-2.0
// `wstap inspect -w OUT`: what captures hold, or a part of it, as one new capture (INS-6).
#pragma once

#include "cmd/command.h"
#include "cmd/frame_visitor.h"

namespace wstap::cmd {

struct ExtractOptions {
  std::vector<std::string> files;
  std::string to;      ///< "-": standard output
  std::string filter;  ///< as it was typed
  bool messages = false, force = false, quiet = false;
};

Exit extract(const ExtractOptions& options, const Reading& reading, Io& io);

}  // namespace wstap::cmd
