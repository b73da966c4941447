// SPDX-License-Identifier: Apache-2.0
// Captures as JSON Lines (INS-1): one object a frame, flow, connection or note.
#pragma once

#include "formats/json_writer.h"
#include "formats/message_book.h"
#include "formats/record.h"
#include "libcore/base/rfc3339.h"
#include "libcore/pipeline/envelope.h"

namespace wstap::formats {

enum class JsonDetail : std::uint8_t {
  readable,  ///< payloads, and what left when it differs
  lossless,  ///< raw_b64 of every frame as well
};

/// Appends objects, each on a line of its own. One thread.
class JsonView {
 public:
  JsonView(std::string_view capture, JsonDetail detail);

  /// The file that is shown; empty: none.
  void set_capture(std::string_view name);
  void frame(std::string& out, const pipeline::Envelope& envelope, Bytes payload);
  void message(std::string& out, const Message& message);
  /// @param closed  null while the flow is active.
  void flow(std::string& out, const pipeline::FlowOpened& opened, const pipeline::FlowClosed* closed) const;
  /// The request (sequence 0) or the response (1) of the upgrade.
  void head(std::string& out, const pipeline::FlowOpened& opened, pipeline::Sequence sequence) const;
  void connection(std::string& out, const pipeline::ConnectionRecord& connection) const;
  void outcome(std::string& out, const pipeline::Outcome& outcome) const;
  void window(std::string& out, const pipeline::Window& window) const;
  void gap(std::string& out, const Gap& gap) const;
  void note(std::string& out, const pipeline::Note& note) const;

 private:
  JsonWriter begin(std::string& out, std::string_view type) const;
  std::string_view time_text(UnixNs time);

  JsonDetail detail_;
  std::string capture_;  ///< the member that names it
  UnixNs time_ns_ = 0;   ///< of the last frame: those of one burst share it
  std::string time_text_;
};

}  // namespace wstap::formats
