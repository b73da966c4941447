// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/chunks.h"

#include <fmt/format.h>

namespace wstap::http1 {

void append_chunk(Buffer& out, Bytes content) {
  append(out, fmt::format("{:x}\r\n", content.size()));
  append(out, content);
  append(out, "\r\n");
}

void append_last_chunk(Buffer& out, const Fields& trailers) {
  append(out, "0\r\n");
  for (const auto& field : trailers.list()) append(out, field.line);
  append(out, "\r\n");
}

}  // namespace wstap::http1
