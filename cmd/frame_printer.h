// SPDX-License-Identifier: Apache-2.0
// A frame in the form that was asked for.
#pragma once

#include "cmd/listing.h"
#include "formats/line_view.h"

namespace wstap::cmd {

class FramePrinter {
 public:
  explicit FramePrinter(Form form)
      : form_(std::move(form)), lines_(form_.colour), json_({}, json_detail(form_.shape)) {}

  /// What is printed from here on is of this capture.
  void set_capture(const std::string& path) { json_.set_capture(path); }
  /// @param payload  as FlowBook::visit gives it.
  void print(std::string& out, const pipeline::Envelope& envelope, Bytes payload,
             const filter::FlowSubject& flow);

  const Form& form() const noexcept { return form_; }
  formats::JsonView& json() noexcept { return json_; }

 private:
  Form form_;
  formats::LineView lines_;
  formats::JsonView json_;
};

}  // namespace wstap::cmd
