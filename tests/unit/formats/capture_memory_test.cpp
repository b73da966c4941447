// SPDX-License-Identifier: Apache-2.0
// Large captures are read where they lie: what a reader allocates does not grow with them (CAP-4).
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "formats/capture_reader.h"
#include "formats/event_reader.h"
#include "tests/support/sample_capture.h"
#include "tests/support/temp_dir.h"

namespace wstap::formats {
namespace {

constexpr std::size_t kFrame = 16U << 20;
constexpr std::size_t kLarge = 4;     ///< bursts of one large frame
constexpr std::size_t kSmall = 5000;  ///< bursts of one small frame each

/// Four frames of 16 MiB, which the file system does not store, between thousands of small ones.
void write_large_capture(const std::string& path) {
  test::write_file(path, as_text(encode(test::full_header())));
  test::OwnBurst small{.frames = {test::client_text("Hello")}};
  const Buffer record = encode(small.view());
  for (std::size_t i = 0; i < kLarge; ++i) {
    const Buffer zeros(kFrame);
    const std::uint32_t end = kFrame;
    const BurstHead head = encode_head({.flow = 1, .raw = zeros, .ends = {&end, 1}});
    std::ofstream file(path, std::ios::binary | std::ios::app);
    const auto put = [&](Bytes bytes) {
      file.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
    };
    put(head.bytes());
    const auto grown = static_cast<off_t>(file.tellp()) + static_cast<off_t>(kFrame);
    file.close();
    ASSERT_EQ(::truncate(path.c_str(), grown), 0);
    file.open(path, std::ios::binary | std::ios::app);
    for (std::size_t n = 0; n < kSmall / kLarge; ++n) put(record);
  }
}

std::size_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(CaptureMemory, DoesNotGrowWithTheCapture) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator does not say how much is in use";
#endif
  const test::TempDir folder;
  write_large_capture(folder / "large.wstap");
  ASSERT_GT(std::filesystem::file_size(folder / "large.wstap"), 64U << 20);

  const std::size_t before = heap_bytes();
  ASSERT_GT(before, 0U);
  std::size_t most = before, frames = 0, bytes = 0;
  auto reader = EventReader::open({folder / "large.wstap"});
  ASSERT_TRUE(reader);
  for (auto record = reader->next(); record && *record; record = reader->next()) {
    most = std::max(most, heap_bytes());
    if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) {
      frames += burst->ends.size();
      bytes += burst->raw.size();
    }
  }
  EXPECT_EQ(frames, kLarge + kSmall / kLarge * kLarge);
  EXPECT_GT(bytes, 64U << 20);
  EXPECT_LT(most - before, 1U << 20);  // CAP-4: and in fact some KiB
}

}  // namespace
}  // namespace wstap::formats
