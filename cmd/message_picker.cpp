// SPDX-License-Identifier: Apache-2.0
#include "cmd/message_picker.h"

#include <optional>

namespace wstap::cmd {

/// Reads on until a message is over.
class MessagePicker::Ahead {
 public:
  Ahead(formats::MergedReader reader, const Selection& selection)
      : reader_(std::move(reader)),
        selection_(selection),
        messages_([this](const formats::Message& message) { judge(message); }) {}

  bool picks(const Key& message) {
    for (;;) {
      if (const auto judged = judged_.extract(message); !judged.empty()) return judged.mapped();
      if (over_) return false;
      read();
    }
  }
  void close(pipeline::FlowId flow) {
    judged_.erase(judged_.lower_bound({flow, ws::Direction::send, 0}),
                  judged_.lower_bound({flow + 1, ws::Direction::send, 0}));
  }

 private:
  /// Messages of one frame are judged where they are.
  void judge(const formats::Message& message) {
    if (message.frames == 1 && message.finished) return;
    const auto flow = flows_.of(message.flow);
    judged_[{message.flow, message.direction, message.first}] =
        selection_.takes(formats::subject_of(message, flow));
  }

  void read() {
    const auto record = reader_.next();
    if (!record) return;  // what is damaged is the other reader's to tell
    if (!*record) {
      messages_.close_all();
      over_ = true;
    } else if (const auto* burst = std::get_if<pipeline::Burst>(&**record)) {
      book_.visit(*burst, formats::Depth::payloads, [this](pipeline::Envelope& envelope, Bytes payload) {
        if (selection_.looks_at_fates()) reader_.settle(envelope);
        messages_.take(envelope, payload);
      });
    } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record)) {
      book_.open(*opened);
      flows_.open(*opened);
    } else if (const auto* closed = std::get_if<pipeline::FlowClosed>(&**record)) {
      messages_.close(closed->id);
      book_.close(closed->id);
      flows_.close(closed->id);
    } else if (const auto* window = std::get_if<pipeline::Window>(&**record)) {
      book_.resume(*window);
    } else if (const auto* gap = std::get_if<formats::Gap>(&**record)) {
      book_.resume(*gap);
    }
  }

  formats::MergedReader reader_;
  const Selection& selection_;
  formats::FlowBook book_;
  FlowSubjects flows_;
  formats::MessageBook messages_;
  std::map<Key, bool> judged_;  ///< those that nobody has asked about yet
  bool over_ = false;
};

MessagePicker::MessagePicker(std::vector<std::string> paths, const Selection& selection)
    : paths_(std::move(paths)), selection_(selection) {}
MessagePicker::~MessagePicker() = default;

bool MessagePicker::picks(const pipeline::Envelope& envelope, Bytes payload,
                          const filter::FlowSubject& flow) {
  const ws::Placement& placed = envelope.placement;
  if (!placed.in_message() || made_here(envelope.verdict)) return false;
  if (placed.part == ws::Part::whole) {
    bool picked = false;
    formats::MessageBook alone([&](const formats::Message& message) {
      picked = selection_.takes(formats::subject_of(message, flow));
    });
    alone.take(envelope, payload);
    return picked;
  }
  const std::pair lane(envelope.flow, envelope.direction);
  if (placed.part == ws::Part::first) {
    if (!ahead_) {
      auto reader = formats::MergedReader::open(paths_);
      if (!reader) return false;
      ahead_ = std::make_unique<Ahead>(std::move(*reader), selection_);
    }
    open_[lane] = {envelope.sequence, ahead_->picks({envelope.flow, envelope.direction, envelope.sequence})};
  }
  // The beginning of a message may be in a part that is not here.
  const auto found = open_.find(lane);
  return found != open_.end() && found->second.first == placed.message_first && found->second.second;
}

void MessagePicker::close(pipeline::FlowId flow) {
  open_.erase({flow, ws::Direction::send});
  open_.erase({flow, ws::Direction::receive});
  if (ahead_) ahead_->close(flow);
}

}  // namespace wstap::cmd
