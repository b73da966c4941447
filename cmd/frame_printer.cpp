// SPDX-License-Identifier: Apache-2.0
#include "cmd/frame_printer.h"

#include "libcore/pipeline/frame_subject.h"

namespace wstap::cmd {

void FramePrinter::print(std::string& out, const pipeline::Envelope& envelope, Bytes payload,
                         const filter::FlowSubject& flow) {
  switch (form_.shape) {
    case Shape::line: lines_.frame(out, envelope, payload); break;
    case Shape::raw: formats::raw_view(out, envelope, payload); break;
    case Shape::structured: formats::structured_view(out, envelope, payload); break;
    case Shape::json:
    case Shape::jsonl: json_.frame(out, envelope, payload); break;
    case Shape::columns: form_.columns.print(out, pipeline::subject_of(envelope, payload, flow)); break;
  }
}

}  // namespace wstap::cmd
