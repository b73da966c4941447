// SPDX-License-Identifier: Apache-2.0
// What `wstap inspect` makes of a capture's records: lists of frames, lists of flows, counts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "formats/event_reader.h"
#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"

namespace wstap::cmd {

/// FLOW:SEQ, as in "--frame 1:7".
struct FrameId {
  pipeline::FlowId flow = 0;
  pipeline::Sequence sequence = 0;
  bool operator==(const FrameId&) const = default;
};
std::optional<FrameId> parse_frame_id(std::string_view text);

enum class Shape : std::uint8_t {
  line,        ///< one line each
  raw,         ///< annotated bytes
  structured,  ///< every field
  json,        ///< JSON Lines to read
  jsonl,       ///< JSON Lines that lose nothing
};

/// Takes records one by one and appends what is to be printed.
class Listing {
 public:
  virtual ~Listing() = default;
  virtual void take(const formats::Record& record, formats::EventReader& reader, std::string& out) = 0;
  /// After the last record.
  virtual void finish(std::string&) {}
  /// Nothing that may still come is of interest.
  virtual bool satisfied() const { return false; }
  /// Something was found that makes the command fail.
  virtual bool found_fault() const { return false; }
};

/// One entry a frame, or the one frame that is asked for.
class FrameListing final : public Listing {
 public:
  FrameListing(Shape shape, bool colour, std::optional<FrameId> only);
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  bool satisfied() const override { return found_; }

 private:
  void head(const pipeline::FlowOpened& flow, std::string& out);
  void burst(const pipeline::Burst& burst, formats::EventReader& reader, std::string& out);
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out);
  void others(const formats::Record& record, std::string& out);

  Shape shape_;
  std::optional<FrameId> only_;
  bool found_ = false;
  formats::FlowBook book_;
  formats::LineView lines_;
  formats::JsonView json_;
  std::string capture_;
  std::map<pipeline::FlowId, pipeline::FlowOpened> open_;  ///< kept for the lossless form only
};

/// One entry a message, when its last frame is there.
class MessageListing final : public Listing {
 public:
  MessageListing(Shape shape, bool colour);
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  void finish(std::string& out) override;

 private:
  void print(const formats::Message& message);

  Shape shape_;
  formats::FlowBook book_;
  formats::MessageBook messages_;
  formats::LineView lines_;
  formats::JsonView json_;
  std::string capture_;
  std::string* out_ = nullptr;  ///< of the call that is running
};

/// What the RFCs forbid, one line an anomaly.
class Lint final : public Listing {
 public:
  explicit Lint(Shape shape) : shape_(shape) {}
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  bool found_fault() const override { return found_; }

 private:
  void report(std::string& out, std::string_view where, pipeline::FlowId flow, pipeline::Sequence sequence,
              ws::AnomalySet anomalies);

  Shape shape_;
  formats::FlowBook book_;
  std::string capture_;
  bool found_ = false;
};

/// One entry a flow or connection, in the order in which they began.
class FlowListing final : public Listing {
 public:
  /// @param at_once  print flows as they end, whatever is still open before them.
  FlowListing(Shape shape, bool colour, bool at_once);
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
  void print(const Entry& entry, std::string& out);
  void print_what_is_over(std::string& out);

  Shape shape_;
  bool at_once_;
  formats::LineView lines_;
  formats::JsonView json_;
  std::map<pipeline::FlowId, Entry> entries_;
};

/// How many frames, or flows, there are.
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
