// SPDX-License-Identifier: Apache-2.0
// Whether the parts of rotated captures come complete and in order (CAP-5).
#pragma once

#include <map>
#include <string>

#include "formats/record.h"

namespace wstap::formats {

class PartOrder {
 public:
  /// To be told every header, in the order in which they are read. What comes first of a capture may be any
  /// of its parts: each can be read alone.
  /// @return what is wrong with the place of this part, for people; empty: nothing.
  std::string observe(const Header& header);

 private:
  using CaptureId = std::array<std::byte, 16>;
  struct Capture {
    std::uint32_t last = 0;
    std::map<std::uint32_t, bool> parts;  ///< that were read, and whether one that came again was spoken of
  };

  std::map<CaptureId, Capture> captures_;
  CaptureId current_{};
};

}  // namespace wstap::formats
