// SPDX-License-Identifier: Apache-2.0
// What is said of captures that cannot be read to their end, or are not all there.
#pragma once

#include <string>

#include "cmd/command.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

/// Says what is wrong with the capture at `path`. @return the exit status it makes: ok while somebody writes
/// the capture, whose last record is then only not finished.
Exit report_damage(const Error& error, const std::string& path, bool being_written, Io& io);

/// Says what is wrong with the place of a part (EventReader::part_note), if anything is.
void report_part(const std::string& note, const std::string& path, Io& io);

}  // namespace wstap::cmd
