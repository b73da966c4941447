// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --flows`: one entry a flow or connection, in the order in which they began.
#pragma once

#include <map>
#include <optional>

#include "cmd/matched_flows.h"
#include "formats/line_view.h"

namespace wstap::cmd {

class FlowListing final : public Listing {
 public:
  /// @param at_once  print flows as they end, whatever is still open before them.
  FlowListing(const Form& form, const Reading& reading, bool at_once);
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  void finish(std::string& out) override;

 private:
  struct Entry {
    std::optional<pipeline::FlowOpened> opened;
    std::optional<pipeline::FlowClosed> closed;
    std::optional<pipeline::ConnectionRecord> connection;
    std::array<pipeline::LaneCounts, 2> so_far;  ///< counted here, for a flow without an end
    bool over() const { return closed || connection; }
  };
  void count(const pipeline::Burst& burst);
  void print(pipeline::FlowId id, const Entry& entry, std::string& out);
  void print_what_is_over(std::string& out);

  Shape shape_;
  bool at_once_;
  std::optional<MatchedFlows> matched_;  ///< where there is a filter
  formats::LineView lines_;
  formats::JsonView json_;
  std::map<pipeline::FlowId, Entry> entries_;
};

}  // namespace wstap::cmd
