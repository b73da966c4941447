// SPDX-License-Identifier: Apache-2.0
// The key log that lets Wireshark decrypt both legs (TLS-6): one line a secret, as NSS and curl write it.
#pragma once

#include <string>

#include "libcore/base/result.h"

namespace wstap::tls {

/// Thread-safe. Appends; a new file is readable by its owner only.
class KeyLog {
 public:
  /// @error the system's own; the detail names the file.
  static Result<KeyLog> open(const std::string& path);
  KeyLog(KeyLog&& other) noexcept;
  KeyLog& operator=(KeyLog&&) = delete;
  ~KeyLog();

  /// Writes `line` and its end in one piece.
  void add(const char* line) const;

 private:
  explicit KeyLog(int fd) noexcept : fd_(fd) {}
  int fd_;
};

}  // namespace wstap::tls
