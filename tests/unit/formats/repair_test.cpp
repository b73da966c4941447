// SPDX-License-Identifier: Apache-2.0
// Damaged captures made whole (CAP-2).
#include "formats/repair.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/errors.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

class Repairing : public testing::Test {
 protected:
  void write(Bytes content) { test::write_file(from, as_text(content)); }

  const test::TempDir folder;
  const std::string from = folder / "damaged.wstap";
  const std::string to = folder / "whole.wstap";
  const std::vector<Buffer> records = test::sample_records();
  const Buffer whole = test::joined(records);
};

TEST_F(Repairing, CutsATornRecordOff) {
  write(Bytes(whole).first(whole.size() - 1));
  const auto repaired = repair(from, to, false);
  ASSERT_TRUE(repaired) << repaired.error().text();
  EXPECT_EQ(repaired->records, records.size() - 1);
  EXPECT_EQ(repaired->bytes, whole.size() - records.back().size());
  ASSERT_TRUE(repaired->damage);
  EXPECT_EQ(repaired->damage->code, Errc::truncated);
  EXPECT_EQ(repaired->damage->offset, repaired->bytes);

  const auto read = test::read_back(to);
  EXPECT_FALSE(read.error);
  EXPECT_EQ(read.records, std::vector(records.begin(), records.end() - 1));
  EXPECT_EQ(test::mode_of(to), 0600U);
  EXPECT_EQ(std::filesystem::file_size(from), whole.size() - 1) << "the damaged one is left alone";
}

TEST_F(Repairing, StopsAtACorruptRecord) {
  Buffer bent = whole;
  const std::size_t at = records[0].size() + records[1].size();
  bent[at] = std::byte{0xff};  // two hundred segments and more
  bent[at + 1] = std::byte{0xff};
  write(bent);
  const auto repaired = repair(from, to, false);
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->records, 2U);
  ASSERT_TRUE(repaired->damage);
  EXPECT_EQ(repaired->damage->code, Errc::corrupt);
  EXPECT_EQ(repaired->damage->offset, at);
  EXPECT_EQ(test::read_back(to).records, std::vector(records.begin(), records.begin() + 2));
}

TEST_F(Repairing, CopiesAWholeCaptureAsItIs) {
  write(whole);
  const auto repaired = repair(from, to, false);
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->records, records.size());
  EXPECT_FALSE(repaired->damage);
  EXPECT_EQ(test::read_file(to), as_text(whole));
}

TEST_F(Repairing, KeepsWhatALaterVersionAdded) {  // CAP-4
  Buffer unknown = encode(pipeline::Note{1, 2, "x"});
  unknown[16] = std::byte{200};  // the kind of record
  write(test::concat({records[0], unknown, Bytes(records[1]).first(8)}));
  ASSERT_TRUE(repair(from, to, false));
  EXPECT_EQ(test::read_file(to), as_text(test::concat({records[0], unknown})));
}

TEST_F(Repairing, OverwritesNothingUnasked) {
  write(whole);
  test::write_file(to, "precious");
  const auto refused = repair(from, to, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
  EXPECT_EQ(test::read_file(to), "precious");
  ASSERT_TRUE(repair(from, to, true));
  EXPECT_EQ(test::read_file(to), as_text(whole));
}

TEST_F(Repairing, NeverInPlace) {
  write(whole);
  std::filesystem::create_hard_link(from, to);
  for (const auto& same : {from, to, folder.path() + "/./damaged.wstap"}) {
    const auto refused = repair(from, same, true);
    ASSERT_FALSE(refused) << same;
    EXPECT_EQ(refused.error().code, std::errc::invalid_argument);
  }
  EXPECT_EQ(test::read_file(from), as_text(whole));
}

TEST_F(Repairing, MakesNothingOfWhatIsNoCapture) {
  test::write_file(from, "something else\n");
  const auto refused = repair(from, to, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_magic);
  EXPECT_FALSE(std::filesystem::exists(to));
}

TEST_F(Repairing, ReportsAFullDisk) {
  write(whole);
  const auto refused = repair(from, "/dev/full", true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::errc::no_space_on_device);
}

}  // namespace
}  // namespace wstap::formats
