// SPDX-License-Identifier: Apache-2.0
// Data on its way out: whole writes to a descriptor, files of one's own, what a failure means for the exit
// status.
#pragma once

#include <string>

#include "cmd/command.h"
#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

/// Writes all of `bytes`. @return false when nobody reads them (any more).
bool write_whole(int fd, Bytes bytes);

/// Standard output took no more; to be asked at once, while errno says why. @return ok when nobody reads it
/// any more: that is how pipelines end (CLI-1). Else it says what is wrong, and the status is that of a
/// failure.
Exit output_failed(Io& io);

/// Puts a new file with this content in the place of `path`, in one step.
/// @error the system's own; the detail names the file.
Result<void> replace_file(const std::string& path, std::string_view content);

/// The exit status that tells about `code` (CLI-2): 3 for damaged captures, 4 for network and TLS, else 1.
Exit exit_for(const std::error_code& code) noexcept;

/// {"listen":[..],"control":null,"pid":N}, for --ready-file (CLI-6).
std::string ready_text(const std::vector<std::string>& listening, const std::string& control = {});

}  // namespace wstap::cmd
