// SPDX-License-Identifier: Apache-2.0
// Captures and Cap'n Proto's own tool: it reads what wstap writes, and wstap what it writes (CAP-1).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "formats/capture_writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

/// Runs `capnp VERB... SCHEMA Record <IN >OUT`. @return its exit status.
int capnp(const std::string& verb, const std::string& in, const std::string& out) {
  const std::string command =
      std::string(WSTAP_CAPNP) + " " + verb + " " + WSTAP_SCHEMA + " Record <" + in + " >" + out;
  return std::system(command.c_str());
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class CapnpTool : public testing::Test {
 protected:
  /// As `write_capture()`, for `capnp encode`, which looks for the end of a record by counting parentheses up
  /// to a `#`, those inside of strings too: an id, being random, must have none.
  void write_capture_to_encode() {
    do {
      write_capture();
    } while (std::ranges::any_of(test::records_of<Header>(binary)[0].capture_id, is_counted));
  }
  static bool is_counted(std::byte byte) {
    return byte == std::byte{'('} || byte == std::byte{')'} || byte == std::byte{'#'};
  }

  /// A capture with a record of each kind, bursts written by hand among them, and one of many segments.
  void write_capture() {
    std::filesystem::remove(binary);
    test::FakeClock clock;
    auto writer = CaptureWriter::open({.path = binary, .tool = "wstap", .options = {"-w"}}, clock);
    ASSERT_TRUE(writer);
    auto large = test::full_flow_opened(2);
    large.facts.request_head = test::random_bytes(100'000, 1);
    std::ranges::replace_if(large.facts.request_head, is_counted, std::byte{0});
    test::OwnBurst one{.flow = 7, .frames = {test::client_text("Hello")}};
    test::OwnBurst three{
        .flow = 7,
        .direction = ws::Direction::receive,
        .first_sequence = 3,
        .frames = {test::server_text("a"), test::server_text(""), test::server_text("three")}};
    test::OwnBurst marked{.flow = 7, .first_sequence = 6, .frames = {test::server_text("b")}};
    marked.marks = {{0, pipeline::Verdict::dropped, "rule", test::bytes("x"), {"tag"}}};
    ASSERT_TRUE((*writer)->flow_opened(test::full_flow_opened(7)));
    ASSERT_TRUE((*writer)->flow_opened(large));
    ASSERT_TRUE((*writer)->burst(one.view()));
    ASSERT_TRUE((*writer)->burst(three.view()));
    ASSERT_TRUE((*writer)->burst(marked.view()));
    ASSERT_TRUE((*writer)->outcome(test::full_outcome()));
    ASSERT_TRUE((*writer)->connection(test::full_connection()));
    ASSERT_TRUE((*writer)->note({7, 1, "note"}));
    ASSERT_TRUE((*writer)->flow_closed(test::full_flow_closed()));
  }

  const test::TempDir folder;
  const std::string binary = folder / "x.wstap";
  const std::string text = folder / "x.txt";
};

TEST_F(CapnpTool, DecodesACaptureAsItIs) {
  write_capture();
  ASSERT_EQ(capnp("decode --short", binary, text), 0);
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_TRUE(lines[0].starts_with(R"((header = (magic = "wstap capture", version = 1, captureId = )"))
      << lines[0];
  EXPECT_TRUE(lines[1].starts_with("(flowOpen = (flow = 7, time = 1767225600123456789, facts = (url = "))
      << lines[1];
  EXPECT_TRUE(
      lines[3].starts_with("(burst = (flow = 7, firstSequence = 2, time = 1767225600123456789, "
                           "direction = send, raw = \"\\201\\205"))
      << lines[3];
  EXPECT_EQ(lines[4],
            "(burst = (flow = 7, firstSequence = 3, time = 1767225600123456789, direction = receive, "
            "ends = [3, 5, 12], raw = \"\\201\\001a\\201\\000\\201\\005three\"))");
  EXPECT_EQ(
      lines[5],
      "(burst = (flow = 7, firstSequence = 6, time = 1767225600123456789, direction = send, "
      "raw = \"\\201\\001b\", marks = [(frame = 0, verdict = dropped, cause = \"rule\", hasSent = true, "
      "sent = \"x\", tags = [\"tag\"], hasContent = false, contentBytes = 0, withheld = false, heldNs = "
      "0)]))");
  EXPECT_TRUE(
      lines[6].starts_with("(outcome = (flow = 7, sequence = 12, time = 1767225600123456791, "
                           "verdict = changed, cause = \"reviewer\", hasSent = true"))
      << lines[6];
  EXPECT_TRUE(lines[7].starts_with("(connection = (id = 8, ")) << lines[7];
  EXPECT_EQ(lines[8], "(note = (flow = 7, time = 1, text = \"note\"))");
  EXPECT_TRUE(lines[9].starts_with("(flowClose = (flow = 7, ")) << lines[9];
}

// Written again by the tool, records may be laid out differently, and say the same.
TEST_F(CapnpTool, EncodesWhatThisReaderReads) {
  write_capture_to_encode();
  const std::string again = folder / "again.wstap";
  ASSERT_EQ(capnp("decode", binary, text), 0);
  ASSERT_EQ(capnp("encode", text, again), 0);
  auto ours = CaptureReader::open(binary), theirs = CaptureReader::open(again);
  ASSERT_TRUE(ours && theirs);
  std::size_t records = 0;
  for (;; ++records) {
    const auto one = ours->next(), other = theirs->next();
    ASSERT_TRUE(one && other) << records;
    ASSERT_EQ(one->has_value(), other->has_value());
    if (!*one) break;
    std::visit(
        [&](const auto& record) {
          using Kind = std::decay_t<decltype(record)>;
          ASSERT_TRUE(std::holds_alternative<Kind>(**other));
          if constexpr (!std::is_same_v<Kind, Skipped>) {
            EXPECT_TRUE(test::fields(record) == test::fields(std::get<Kind>(**other))) << records;
          }
        },
        **one);
  }
  EXPECT_EQ(records, 10U);
}

}  // namespace
}  // namespace wstap::formats
