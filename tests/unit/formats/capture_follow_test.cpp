// SPDX-License-Identifier: Apache-2.0
// Captures followed while they grow. A follower asks whether to stop before each record and while it waits:
// there these tests let the file grow, so that nothing depends on time.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "formats/capture_reader.h"
#include "formats/errors.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

class Following : public testing::Test {
 protected:
  void append(Bytes bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    const auto text = as_text(bytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }

  /// Follows the file. Whenever the reader has given all whole records that are there and asks whether to
  /// stop, the next of `events` happens; it is told to stop when there are none left.
  test::ReadBack follow(const std::vector<std::function<void()>>& events) {
    test::ReadBack result;
    std::size_t next = 0;
    const auto stop = [&] {
      if (result.records.size() < test::read_back(path).records.size()) return false;
      if (next == events.size()) return true;
      events[next++]();
      return false;
    };
    auto reader = CaptureReader::open(path, {.follow = true, .stop = stop});
    if (!reader) return {{}, reader.error()};
    for (;;) {
      const auto record = reader->next();
      if (!record) result.error = record.error();
      if (!record || !*record) return result;
      result.records.push_back(to_buffer(reader->raw()));
    }
  }

  const test::TempDir folder;
  const std::string path = folder / "x.wstap";
  const std::vector<Buffer> records = test::sample_records();
};

// CAP-4
TEST_F(Following, SeesWhatIsAppended) {
  test::write_file(path, as_text(records[0]));
  const auto read = follow({[&] { append(records[1]); }, [&] { append(records[2]); },
                            [&] { append(test::joined({records[3], records[4]})); }});
  EXPECT_EQ(read.records, std::vector(records.begin(), records.begin() + 5));
  EXPECT_FALSE(read.error);
}

TEST_F(Following, WaitsForTheRestOfARecord) {
  test::write_file(path, as_text(records[0]));
  const Bytes record = records[1];
  const auto read = follow({[&] { append(record.first(3)); }, [&] { append(record.subspan(3, 9)); },
                            [&] { append(record.subspan(12)); }});
  EXPECT_EQ(read.records, std::vector(records.begin(), records.begin() + 2));
  EXPECT_FALSE(read.error);
}

TEST_F(Following, WaitsForACaptureToBegin) {
  test::write_file(path, "");
  const auto read = follow({[&] { append(records[0]); }});
  EXPECT_EQ(read.records, std::vector<Buffer>{records[0]});
}

// CAP-3: a writer whose disk is full takes a torn record back, and may have another one next.
TEST_F(Following, ForgetsWhatAWriterTookBack) {
  const Bytes torn = records[1];
  test::write_file(path, as_text(test::concat({records[0], torn.first(torn.size() - 1)})));
  const auto read_it = [] {};
  const auto take_back = [&] {
    std::filesystem::resize_file(path, records[0].size());
    append(records[6]);
  };
  const auto read = follow({read_it, take_back});
  EXPECT_EQ(read.records, (std::vector<Buffer>{records[0], records[6]}));
  EXPECT_FALSE(read.error);
}

TEST_F(Following, StopsWhereARecordIsNotWhole) {
  test::write_file(path, as_text(test::concat({records[0], Bytes(records[1]).first(20)})));
  const auto read_it = [] {};
  const auto read = follow({read_it});
  EXPECT_EQ(read.records, std::vector<Buffer>{records[0]});
  ASSERT_TRUE(read.error);
  EXPECT_EQ(read.error->code, Errc::truncated);
}

TEST_F(Following, StopsBetweenRecordsWhenTold) {
  test::write_file(path, as_text(test::joined(records)));
  int asked = 0;
  auto reader = CaptureReader::open(path, {.follow = true, .stop = [&] { return ++asked > 2; }});
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->next().value());
  EXPECT_TRUE(reader->next().value());
  EXPECT_FALSE(reader->next().value()) << "though there is more";
}

}  // namespace
}  // namespace wstap::formats
