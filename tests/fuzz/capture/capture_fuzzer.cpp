// SPDX-License-Identifier: Apache-2.0
// Reads bent captures, for a bounded time:  capture_fuzzer SECONDS [SEED [NUMBER]]
#include <fmt/format.h>
#include <sys/mman.h>

#include "formats/event_reader.h"
#include "formats/file_lock.h"
#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"
#include "tests/fuzz/driver.h"
#include "tests/support/sample_capture.h"
#include "tests/support/terminal.h"

namespace wstap::fuzz {
namespace {

using formats::Record;

/// Captures to begin with: one of everything, a flood, fragments and anomalies, several sections, a large
/// record.
std::vector<Buffer> seed_captures() {
  const auto records = test::sample_records();
  std::mt19937 engine(1);
  test::OwnBurst flood{.flow = 7}, odd{.flow = 7, .direction = ws::Direction::receive, .first_sequence = 500};
  for (int i = 0; i < 300; ++i) flood.frames.push_back(test::client_text("Hello"));
  for (int i = 0; i < 40; ++i) odd.frames.push_back(test::wire(test::random_frame(engine, 30)));
  auto large = test::full_flow_opened(9);
  large.facts.request_head = test::random_bytes(20'000, 1);
  const Buffer header = formats::encode(test::full_header());
  return {test::joined(records),
          test::joined({header, formats::encode(flood.view()), formats::encode(odd.view())}),
          test::joined({test::joined(records), test::joined(records)}),
          test::joined({header, formats::encode(large), formats::encode(odd.view()), records.back()})};
}

/// A file in memory. While it is locked it counts as being written: then it is read like a pipe, otherwise it
/// is mapped.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("capture", MFD_CLOEXEC)) {}
  void assign(Bytes content) {
    require(::ftruncate(fd_.get(), 0) == 0 && ::pwrite(fd_.get(), content.data(), content.size(), 0) ==
                                                  static_cast<ssize_t>(content.size()),
            "the input fits into memory");
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }
  formats::Descriptor locked() const {
    formats::Descriptor writer(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
    require(formats::lock_for_writing(writer.get()), "the file can be locked");
    return writer;
  }

 private:
  formats::Descriptor fd_;
};

/// All that `inspect` can show of a record.
void show(const Record& record, formats::EventReader& reader, formats::FlowBook& book, std::string& out) {
  formats::JsonView json("x", formats::JsonDetail::lossless);
  const formats::LineView lines(false);
  if (const auto* burst = std::get_if<pipeline::Burst>(&record)) {
    book.visit(*burst, formats::Depth::payloads, [&](pipeline::Envelope& envelope, Bytes payload) {
      reader.settle(envelope);
      json.frame(out, envelope, payload);
      lines.frame(out, envelope, payload);
      formats::raw_view(out, envelope, payload);
      formats::structured_view(out, envelope, payload);
    });
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    book.open(*opened);
    json.flow(out, *opened, nullptr);
    lines.flow(out, *opened, nullptr);
    formats::structured_view(out, *opened, nullptr);
  } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) {
    book.close(closed->id);
    json.flow(out, {}, closed);
    formats::structured_view(out, {}, closed);
  } else if (const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) {
    json.connection(out, *connection);
    formats::structured_view(out, *connection);
  } else if (const auto* outcome = std::get_if<pipeline::Outcome>(&record)) {
    json.outcome(out, *outcome);
  } else if (const auto* window = std::get_if<pipeline::Window>(&record)) {
    book.resume(*window);
    json.window(out, *window);
  } else if (const auto* gap = std::get_if<formats::Gap>(&record)) {
    book.resume(*gap);
    json.gap(out, *gap);
  } else if (const auto* note = std::get_if<pipeline::Note>(&record)) {
    lines.note(out, *note);
  }
}

void show_all(const std::string& path) {
  auto reader = formats::EventReader::open({path});
  require(reader.has_value(), "a file can be opened");
  formats::FlowBook book;
  std::string out;
  for (;;) {
    const auto record = reader->next();
    if (record && !*record) return;
    if (!record) continue;
    out.clear();
    show(**record, *reader, book, out);
    require(!test::acts_on_terminal(out), "nothing acts on a terminal");
  }
}

void try_one(MemoryFile& file, const Mutator::Mutant& mutant, const Buffer& original) {
  file.assign(mutant.bytes);
  const auto mapped = test::read_back(file.path());
  const auto streamed = [&] {
    const auto lock = file.locked();
    return test::read_back(file.path());
  }();
  require(mapped.records == streamed.records, "a file and a pipe give the same records");
  require(mapped.error.has_value() == streamed.error.has_value(), "a file and a pipe end alike");
  require(!mapped.error ||
              (mapped.error->code == streamed.error->code && mapped.error->offset == streamed.error->offset),
          "a file and a pipe fail alike");

  // What stands before the first bent byte is read as it was.
  std::size_t at = 0;
  for (const auto& record : mapped.records) {
    require(std::equal(record.begin(), record.end(), mutant.bytes.begin() + static_cast<std::ptrdiff_t>(at)),
            "records follow each other without gaps");
    at += record.size();
  }
  require(!mapped.error || mapped.error->offset == at, "an error is where the next record would begin");
  file.assign(Bytes(original).first(mutant.untouched));
  const auto before = test::read_back(file.path());
  require(mapped.records.size() >= before.records.size() &&
              std::equal(before.records.begin(), before.records.end(), mapped.records.begin()),
          "nothing before the damage is lost");

  file.assign(mutant.bytes);
  show_all(file.path());
}

}  // namespace
}  // namespace wstap::fuzz

int main(int argc, char** argv) {
  using namespace wstap;
  const auto seeds = fuzz::seed_captures();
  fuzz::MemoryFile file;
  return fuzz::drive("capture_fuzzer", argc, argv, seeds, [&](const fuzz::Mutator::Mutant& mutant) {
    fuzz::try_one(file, mutant, seeds[mutant.origin]);
  });
}
