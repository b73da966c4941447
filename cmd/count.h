// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --count`: how many frames, or flows, there are.
#pragma once

#include "cmd/listing.h"

namespace wstap::cmd {

class Count final : public Listing {
 public:
  explicit Count(bool flows) : flows_(flows) {}
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  void finish(std::string& out) override;

 private:
  bool flows_;
  std::uint64_t count_ = 0;
};

}  // namespace wstap::cmd
