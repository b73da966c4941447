// SPDX-License-Identifier: Apache-2.0
#include "formats/repair.h"

#include <filesystem>

#include "formats/capture_reader.h"
#include "formats/output_file.h"

namespace wstap::formats {

Result<Repaired> repair(const std::string& from, const std::string& to, bool force) {
  std::error_code unknown;
  if (std::filesystem::equivalent(from, to, unknown))
    return fail(std::make_error_code(std::errc::invalid_argument), to + " is the damaged capture itself");
  auto reader = CaptureReader::open(from);
  if (!reader) return std::unexpected(reader.error());
  auto record = reader->next();
  if (!record) return std::unexpected(record.error());
  auto output = OutputFile::create(to, force);
  if (!output) return std::unexpected(output.error());

  Repaired result;
  for (; record && *record; record = reader->next()) {
    if (auto ok = output->append(reader->raw()); !ok) return std::unexpected(ok.error());
    ++result.records;
    result.bytes += reader->raw().size();
  }
  if (!record) result.damage = record.error();
  return result;
}

}  // namespace wstap::formats
