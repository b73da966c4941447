// SPDX-License-Identifier: Apache-2.0
#include "formats/plain_burst.h"

#include <bit>
#include <cstring>

namespace wstap::formats {
namespace {

// The layout below holds the machine's integers; Cap'n Proto's are little-endian.
static_assert(std::endian::native == std::endian::little);

/// The words of a head. It is what the generated builder would write for a Record whose pointers end before
/// `marks`.
enum Word : std::size_t { kTable, kRoot, kTagAndFlow, kFirstSequence, kTime, kEnds, kRaw };

constexpr std::uint64_t kDataWords = 3, kPointers = 2;
constexpr std::uint64_t kRootPointer = kDataWords << 32 | kPointers << 48;  // the struct follows at once
constexpr std::uint64_t kBurstTag = 2;
constexpr std::uint64_t kOfBytes = 2, kOfFourBytes = 4;

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) / 8 * 8;
}

/// A pointer to a list. @param skipped  words between the pointer and the list.
constexpr std::uint64_t list_pointer(std::uint64_t skipped, std::uint64_t of, std::uint64_t count) {
  constexpr std::uint64_t kList = 1;
  return kList | skipped << 2 | of << 32 | count << 35;
}

constexpr std::size_t count_in(std::uint64_t pointer) {
  return pointer >> 35;
}

}  // namespace

BurstHead encode_head(const pipeline::Burst& burst) noexcept {
  BurstHead head;
  head.ends_bytes = burst.ends.size() > 1 ? burst.ends.size_bytes() : 0;
  head.ends_padding = padded(head.ends_bytes) - head.ends_bytes;
  head.raw_padding = padded(burst.raw.size()) - burst.raw.size();

  auto& words = head.words;
  const std::uint64_t length = head.total(burst.raw.size()) / 8 - 1;  // the table itself does not count
  words[kTable] = length << 32;                                       // of the only segment
  words[kRoot] = kRootPointer;
  words[kTagAndFlow] =
      kBurstTag | std::uint64_t{ws::index(burst.direction)} << 16 | std::uint64_t{burst.flow} << 32;
  words[kFirstSequence] = burst.first_sequence;
  words[kTime] = std::bit_cast<std::uint64_t>(burst.time_ns);
  words[kEnds] = head.ends_bytes != 0 ? list_pointer(1, kOfFourBytes, burst.ends.size()) : 0;
  words[kRaw] = list_pointer(padded(head.ends_bytes) / 8, kOfBytes, burst.raw.size());
  return head;
}

std::optional<pipeline::Burst> read_plain_burst(Bytes message) noexcept {
  std::array<std::uint64_t, 7> words;
  if (message.size() < sizeof words) return std::nullopt;
  std::memcpy(words.data(), message.data(), sizeof words);
  const std::size_t ends = count_in(words[kEnds]);
  const std::size_t raw_bytes = count_in(words[kRaw]);
  const std::size_t raw_at = sizeof words + padded(ends * sizeof(std::uint32_t));
  if (raw_at + padded(raw_bytes) != message.size()) return std::nullopt;

  pipeline::Burst burst;
  burst.flow = static_cast<pipeline::FlowId>(words[kTagAndFlow] >> 32);
  burst.direction = static_cast<ws::Direction>(words[kTagAndFlow] >> 16 & 1);
  burst.first_sequence = words[kFirstSequence];
  burst.time_ns = std::bit_cast<UnixNs>(words[kTime]);
  burst.raw = message.subspan(raw_at, raw_bytes);
  // Numbers where they lie in the file, as Cap'n Proto itself would read them.
  burst.ends = {static_cast<const std::uint32_t*>(static_cast<const void*>(message.data() + sizeof words)),
                ends};
  // Whatever else the head may say, it is this burst exactly when writing that gives the same words.
  if (encode_head(burst).words != words) return std::nullopt;
  return burst;
}

}  // namespace wstap::formats
