// SPDX-License-Identifier: Apache-2.0
// The names of error codes (RFC 9113 section 7).
#include <fmt/format.h>

#include <array>

#include "libcore/h2/session.h"

namespace wstap::h2 {
namespace {

constexpr std::array kNames = {
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
};

}  // namespace

std::string code_name(std::uint32_t code) {
  return code < kNames.size() ? kNames[code] : fmt::format("code {}", code);
}

}  // namespace wstap::h2
