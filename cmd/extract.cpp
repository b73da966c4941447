// SPDX-License-Identifier: Apache-2.0
#include "cmd/extract.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "cmd/damage.h"
#include "cmd/extraction.h"
#include "cmd/input_files.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/version.h"
#include "formats/errors.h"

namespace wstap::cmd {
namespace {

constexpr std::string_view kName = "inspect";

/// What is written would be read again, or what is to be read would be overwritten.
bool writes_to_an_input(const ExtractOptions& options) {
  const auto to = status_of(options.to, STDOUT_FILENO);
  if (!to || !S_ISREG(to->st_mode)) return false;
  return std::ranges::any_of(options.files, [&](const std::string& file) {
    const auto from = status_of(file, STDIN_FILENO);
    return from && from->st_dev == to->st_dev && from->st_ino == to->st_ino;
  });
}

bool can_be_read_twice(const std::string& path) {
  return path != "-" && is_file(path);
}

/// @return what is wrong; empty: nothing.
std::string contradiction(const ExtractOptions& options) {
  if (options.to == "-" && ::isatty(STDOUT_FILENO) == 1)
    return "--write -: a capture is binary and standard output is a terminal (redirect it: > OUT)";
  if (writes_to_an_input(options))
    return fmt::format("--write: {} is one of the captures that are read (name another file)", options.to);
  if (std::ranges::count(options.files, "-") > 1) return "standard input can be read only once";
  if (!options.messages) return {};
  if (options.filter.empty()) return "--messages: without --filter, everything is written";
  if (!std::ranges::all_of(options.files, can_be_read_twice))
    return "--messages: messages cannot be picked from a pipe (write it to a file first)";
  return {};
}

std::vector<std::string> said(const ExtractOptions& options) {
  std::vector<std::string> words = {"inspect"};
  if (options.messages) words.push_back("--messages");
  if (!options.filter.empty()) words.insert(words.end(), {"--filter", options.filter});
  words.insert(words.end(), options.files.begin(), options.files.end());
  return words;
}

/// One run: captures are read record by record, the new one begins with the first of them.
class Copying {
 public:
  Copying(const ExtractOptions& options, const Reading& reading, formats::MergedReader& reader, Io& io)
      : options_(options),
        reading_(reading),
        reader_(reader),
        io_(io),
        progress_("writing", total_bytes(options.files), !options.quiet) {}

  Exit run() {
    for (;;) {
      const auto record = reader_.next();
      if (!record) {
        const auto status = report_damage(record.error(), reader_.path(), reader_.being_written(), io_);
        status_ = std::max(status_, status);
        continue;
      }
      if (!*record) break;
      if (!options_.quiet) report_part(reader_.part_note(), reader_.path(), io_);
      progress_.update(bytes_ += reader_.record_bytes());
      if (auto ok = take(**record); !ok) return failed(ok.error());
    }
    if (extraction_ && !options_.quiet)
      io_.err << fmt::format("wstap {}: {} frames of {} flows written to {}\n", kName, extraction_->frames(),
                             extraction_->flows(), options_.to);
    return status_;
  }

 private:
  Result<void> take(const formats::Record& record) {
    // Where nothing is sound, nothing is made.
    if (!extraction_)
      if (auto ok = begin(); !ok) return ok;
    return extraction_->take(record, reader_);
  }

  Result<void> begin() {
    formats::CaptureOptions capture;
    capture.path = options_.to;
    capture.force = options_.force;
    capture.tool = std::string("wstap ") + kVersion;
    capture.options = said(options_);
    auto writer = formats::CaptureWriter::open(std::move(capture), clock_);
    if (!writer) return std::unexpected(writer.error());
    writer_ = std::move(*writer);
    const bool whole_flows = Selection(reading_.filter).looks_at_flows_alone() && !options_.messages;
    if (whole_flows) {
      extraction_ = std::make_unique<WholeFlows>(reading_, *writer_);
    } else {
      extraction_ = std::make_unique<PickedFrames>(
          reading_, *writer_, options_.messages ? options_.files : std::vector<std::string>());
    }
    return {};
  }

  /// The new capture could not be made, or not be written to its end.
  Exit failed(const Error& error) {
    if (error.code == formats::Errc::reader_gone) return Exit::ok;
    complain(io_, kName, error.text());
    return Exit::failed;
  }

  const ExtractOptions& options_;
  const Reading& reading_;
  formats::MergedReader& reader_;
  Io& io_;
  Progress progress_;
  SystemClock clock_;
  std::unique_ptr<formats::CaptureWriter> writer_;
  std::unique_ptr<Extraction> extraction_;
  Exit status_ = Exit::ok;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Exit extract(const ExtractOptions& options, const Reading& reading, Io& io) {
  if (const auto wrong = contradiction(options); !wrong.empty()) {
    complain(io, kName, wrong);
    return Exit::usage;
  }
  auto reader = formats::MergedReader::open(options.files);
  if (!reader) {
    complain(io, kName, reader.error().text());
    return exit_for(reader.error().code);
  }
  return Copying(options, reading, *reader, io).run();
}

}  // namespace wstap::cmd
