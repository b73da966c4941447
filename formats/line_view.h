// SPDX-License-Identifier: Apache-2.0
// Captures for people: one line a frame, a flow, a connection; a frame as its raw bytes or as its structure.
#pragma once

#include "formats/message_book.h"
#include "formats/record.h"
#include "libcore/pipeline/envelope.h"

namespace wstap::formats {

class LineView {
 public:
  explicit LineView(bool colour) : colour_(colour) {}

  /// "12:00:00.123456  1:2  -> text            5  Hello"
  void frame(std::string& out, const pipeline::Envelope& envelope, Bytes payload) const;
  /// "12:00:00.123456  1:2-5  -> text            5 z 3.4x 3 frames  Hello"
  void message(std::string& out, const Message& message) const;
  /// @param closed  how it ended; of an active flow, its counts so far, or null.
  void flow(std::string& out, const pipeline::FlowOpened& opened, const pipeline::FlowClosed* closed) const;
  void connection(std::string& out, const pipeline::ConnectionRecord& connection) const;
  void outcome(std::string& out, const pipeline::Outcome& outcome) const;
  void note(std::string& out, const pipeline::Note& note) const;

 private:
  std::string paint(std::string_view text, const char* code) const;
  void hold(std::string& out, const pipeline::HoldFacts& held, std::string_view cause) const;
  void marks(std::string& out, const std::vector<std::string>& logged,
             const std::vector<std::string>& tags) const;
  std::string fate(pipeline::Verdict verdict, std::string_view cause) const;
  bool colour_;
};

/// "-> 1 frames 11 bytes  <- 1 frames 7 bytes  close 1000 by client": how a flow ended. Holds a peer's words
/// as they came.
std::string ending_text(const pipeline::FlowClosed& closed);

/// Header fields with what they mean, and the payload as hexadecimal and text, masked and unmasked.
void raw_view(std::string& out, const pipeline::Envelope& envelope, Bytes payload);
/// One "name: value" a line.
void structured_view(std::string& out, const pipeline::Envelope& envelope, Bytes payload);
/// All that is known of a flow, one "name: value" a line.
void structured_view(std::string& out, const pipeline::FlowOpened& opened,
                     const pipeline::FlowClosed* closed);
void structured_view(std::string& out, const pipeline::ConnectionRecord& connection);
void raw_view(std::string& out, const Message& message);
void structured_view(std::string& out, const Message& message);
/// An HTTP head: its bytes, and as lines of text.
void raw_view(std::string& out, Bytes head);
void head_view(std::string& out, Bytes head);

}  // namespace wstap::formats
