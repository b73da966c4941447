// SPDX-License-Identifier: Apache-2.0
// The key log (TLS-6): lines in one piece, appended, in a file of one's own.
#include "libcore/tls/key_log.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace wstap::tls {
namespace {

KeyLog open_or_throw(const std::string& path) {
  auto log = KeyLog::open(path);
  if (!log) throw std::runtime_error(log.error().text());
  return std::move(*log);
}

// TLS-6
TEST(KeyLog, MakesAFileThatOnlyItsOwnerReads) {
  const test::TempDir dir;
  const auto log = open_or_throw(dir / "keys");
  log.add("CLIENT_RANDOM 00 11");
  log.add("second");
  EXPECT_EQ(test::mode_of(dir / "keys"), 0600U);
  EXPECT_EQ(test::read_file(dir / "keys"), "CLIENT_RANDOM 00 11\nsecond\n");
}

TEST(KeyLog, AppendsToWhatIsThere) {
  const test::TempDir dir;
  test::write_file(dir / "keys", "before\n");
  open_or_throw(dir / "keys").add("after");
  EXPECT_EQ(test::read_file(dir / "keys"), "before\nafter\n");
}

TEST(KeyLog, NamesTheFileThatCannotBeOpened) {
  const test::TempDir dir;
  const auto log = KeyLog::open(dir.path());
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, std::errc::is_a_directory);
  EXPECT_EQ(log.error().detail, dir.path());
}

TEST(KeyLog, LinesOfSeveralThreadsStayWhole) {
  const test::TempDir dir;
  const auto log = open_or_throw(dir / "keys");
  const std::vector<std::string> lines = {std::string(150, 'a'), std::string(200, 'b'),
                                          std::string(250, 'c')};
  std::vector<std::thread> threads;
  for (const auto& line : lines)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) log.add(line.c_str());
    });
  for (auto& thread : threads) thread.join();

  std::ifstream in(dir / "keys");
  std::vector<int> seen(lines.size());
  for (std::string line; std::getline(in, line);) {
    const auto known = std::find(lines.begin(), lines.end(), line);
    ASSERT_NE(known, lines.end()) << line;
    ++seen[static_cast<std::size_t>(known - lines.begin())];
  }
  EXPECT_EQ(seen, std::vector<int>({100, 100, 100}));
}

}  // namespace
}  // namespace wstap::tls
