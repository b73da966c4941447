// SPDX-License-Identifier: Apache-2.0
#include "cmd/damage.h"

#include <fmt/format.h>

#include <ostream>

#include "cmd/output.h"
#include "formats/errors.h"

namespace wstap::cmd {

Exit report_damage(const Error& error, const std::string& path, bool being_written, Io& io) {
  const bool torn = error.code == formats::Errc::truncated;
  if (torn && being_written) {
    io.err << fmt::format("wstap inspect: {}: still being written, read up to byte {}\n", path, error.offset);
    return Exit::ok;
  }
  const bool has_records = error.offset != 0;
  const auto advice = torn && has_records
                          ? fmt::format(" ('wstap inspect --repair OUT {}' makes it whole)", path)
                          : std::string();
  complain(io, "inspect", fmt::format("{}: at byte {}: {}{}", path, error.offset, error.text(), advice));
  return exit_for(error.code);
}

void report_part(const std::string& note, const std::string& path, Io& io) {
  if (!note.empty()) io.err << fmt::format("wstap inspect: {}: {}\n", path, note);
}

}  // namespace wstap::cmd
