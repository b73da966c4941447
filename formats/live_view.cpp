// SPDX-License-Identifier: Apache-2.0
#include "formats/live_view.h"

#include "formats/errors.h"

namespace wstap::formats {

LiveView::LiveView(LiveStyle style, bool colour, Print print, pipeline::Tap* next)
    : style_(style), lines_(colour), json_({}, JsonDetail::readable), print_(std::move(print)), next_(next) {}

Result<void> LiveView::print() {
  if (out_.empty()) return {};
  const bool read = print_(out_);
  out_.clear();
  if (!read) return fail(Errc::reader_gone, "standard output");
  return {};
}

Result<void> LiveView::flow_opened(const pipeline::FlowOpened& flow) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->flow_opened(flow); !ok) return ok;
  book_.open(flow);
  flows_[flow.id] = flow;
  style_ == LiveStyle::json ? json_.flow(out_, flow, nullptr) : lines_.flow(out_, flow, nullptr);
  return print();
}

Result<void> LiveView::burst(const pipeline::Burst& burst) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->burst(burst); !ok) return ok;
  book_.visit(burst, Depth::payloads, [this](const pipeline::Envelope& envelope, Bytes payload) {
    style_ == LiveStyle::json ? json_.frame(out_, envelope, payload) : lines_.frame(out_, envelope, payload);
  });
  return print();
}

Result<void> LiveView::outcome(const pipeline::Outcome& outcome) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->outcome(outcome); !ok) return ok;
  style_ == LiveStyle::json ? json_.outcome(out_, outcome) : lines_.outcome(out_, outcome);
  return print();
}

Result<void> LiveView::flow_closed(const pipeline::FlowClosed& closed) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->flow_closed(closed); !ok) return ok;
  book_.close(closed.id);
  const auto flow = flows_.extract(closed.id);
  if (flow.empty()) return {};
  style_ == LiveStyle::json ? json_.flow(out_, flow.mapped(), &closed)
                            : lines_.flow(out_, flow.mapped(), &closed);
  return print();
}

Result<void> LiveView::connection(const pipeline::ConnectionRecord& connection) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->connection(connection); !ok) return ok;
  style_ == LiveStyle::json ? json_.connection(out_, connection) : lines_.connection(out_, connection);
  return print();
}

Result<void> LiveView::note(const pipeline::Note& note) {
  const std::lock_guard guard(lock_);
  if (next_ != nullptr)
    if (auto ok = next_->note(note); !ok) return ok;
  style_ == LiveStyle::json ? json_.note(out_, note) : lines_.note(out_, note);
  return print();
}

}  // namespace wstap::formats
