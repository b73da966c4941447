// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --messages -Y FILTER -w OUT`: which frames are in messages that a filter picks.
#pragma once

#include <map>
#include <memory>
#include <tuple>

#include "cmd/selection.h"
#include "formats/flow_book.h"
#include "formats/merged_reader.h"

namespace wstap::cmd {

/// A message is judged when it is whole, its first frame is kept long before: of messages in fragments, a
/// second reader of the captures, which runs ahead, says what the filter makes of them. Frames are asked
/// about in order.
class MessagePicker {
 public:
  /// @param paths  captures that can be read twice. @param selection  outlives this.
  MessagePicker(std::vector<std::string> paths, const Selection& selection);
  ~MessagePicker();
  MessagePicker(const MessagePicker&) = delete;
  MessagePicker& operator=(const MessagePicker&) = delete;

  /// @param payload  as FlowBook::visit gives it. @param flow  the envelope's.
  bool picks(const pipeline::Envelope& envelope, Bytes payload, const filter::FlowSubject& flow);
  void close(pipeline::FlowId flow);

 private:
  /// Flow, direction and number of a message's first frame.
  using Key = std::tuple<pipeline::FlowId, ws::Direction, pipeline::Sequence>;
  class Ahead;

  std::vector<std::string> paths_;
  const Selection& selection_;
  std::unique_ptr<Ahead> ahead_;  ///< made when there is a message in fragments
  /// Of the messages in fragments that are open, those that are picked, or are not.
  std::map<std::pair<pipeline::FlowId, ws::Direction>, std::pair<pipeline::Sequence, bool>> open_;
};

}  // namespace wstap::cmd
