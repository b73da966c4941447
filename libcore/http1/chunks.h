// SPDX-License-Identifier: Apache-2.0
// Bodies of unknown length, written (RFC 9112 section 7.1).
#pragma once

#include "libcore/http1/head.h"

namespace wstap::http1 {

/// Appends one chunk. @param content  not empty: that would be the last one.
void append_chunk(Buffer& out, Bytes content);
/// Appends the last chunk, with these behind it.
void append_last_chunk(Buffer& out, const Fields& trailers);

}  // namespace wstap::http1
