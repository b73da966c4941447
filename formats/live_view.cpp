// SPDX-License-Identifier: Apache-2.0
#include "formats/live_view.h"

#include "formats/errors.h"

namespace wstap::formats {

LiveView::LiveView(LiveStyle style, bool colour, Print print, FlowBook book)
    : style_(style),
      lines_(colour),
      json_({}, JsonDetail::readable),
      print_(std::move(print)),
      book_(std::move(book)) {}

Result<void> LiveView::print() {
  if (out_.empty()) return {};
  const bool read = print_(out_);
  out_.clear();
  if (!read) return fail(Errc::reader_gone, "standard output");
  return {};
}

Result<void> LiveView::flow_opened(const pipeline::FlowOpened& flow) {
  const std::lock_guard guard(lock_);
  book_.open(flow);
  return {};
}

Result<void> LiveView::burst(const pipeline::Burst& burst) {
  const std::lock_guard guard(lock_);
  book_.visit(burst, Depth::payloads, [this](const pipeline::Envelope& envelope, Bytes payload) {
    style_ == LiveStyle::json ? json_.frame(out_, envelope, payload) : lines_.frame(out_, envelope, payload);
  });
  return print();
}

Result<void> LiveView::outcome(const pipeline::Outcome& outcome) {
  const std::lock_guard guard(lock_);
  style_ == LiveStyle::json ? json_.outcome(out_, outcome) : lines_.outcome(out_, outcome);
  return print();
}

Result<void> LiveView::flow_closed(const pipeline::FlowClosed& closed) {
  const std::lock_guard guard(lock_);
  book_.close(closed.id);
  return {};
}

}  // namespace wstap::formats
