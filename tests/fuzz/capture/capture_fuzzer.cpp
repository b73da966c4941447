// SPDX-License-Identifier: Apache-2.0
// Reads bent captures, for a bounded time:  capture_fuzzer SECONDS [SEED [NUMBER]]
// libFuzzer needs clang, which does not take Cap'n Proto's headers; so this makes its own inputs. Inputs are
// numbered: a failure names seed and number, and `capture_fuzzer 0 SEED NUMBER` makes that one input again.
#include <fmt/format.h>
#include <sys/mman.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "formats/descriptor.h"
#include "formats/event_reader.h"
#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"
#include "tests/fuzz/capture/mutator.h"
#include "tests/support/sample_capture.h"
#include "tests/support/terminal.h"

// Sanitizers ask for these. Whatever they find, the process is to end by a signal that can be told of.
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1";
}
extern "C" const char* __ubsan_default_options() {
  return "abort_on_error=1:print_stacktrace=1";
}

namespace wstap::fuzz {
namespace {

using formats::Record;

/// The input that is being tried, for whoever tells that the program died of it.
std::uint64_t current_seed = 0, current_number = 0;

void name_input(int) {
  ::dprintf(STDERR_FILENO, "capture_fuzzer: to try this input again: capture_fuzzer 0 %llu %llu\n",
            static_cast<unsigned long long>(current_seed), static_cast<unsigned long long>(current_number));
}

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "not so: {}\n", what);
  std::abort();
}

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

/// Tries inputs from `number` on for so many seconds, but at least one.
int run(double seconds, std::uint64_t seed, std::uint64_t number) {
  const auto seeds = seed_captures();
  MemoryFile file;
  std::signal(SIGABRT, name_input);
  current_seed = seed;
  current_number = number;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto mutant = Mutator(seeds, seed * 0x9e3779b97f4a7c15 + current_number).next();
    try_one(file, mutant, seeds[mutant.origin]);
    ++current_number;
  } while (std::chrono::steady_clock::now() < end);
  fmt::print("capture_fuzzer: ok, seed {}, inputs: {}\n", seed, current_number - number);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace wstap::fuzz

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: capture_fuzzer SECONDS [SEED [NUMBER]]\n");
    return 2;
  }
  const auto number_at = [&](int index, std::uint64_t otherwise) {
    return index < argc ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  return wstap::fuzz::run(std::strtod(argv[1], nullptr), number_at(2, 1), number_at(3, 0));
}
