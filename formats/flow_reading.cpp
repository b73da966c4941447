// SPDX-License-Identifier: Apache-2.0
#include "formats/flow_reading.h"

#include "formats/event_reader.h"
#include "formats/flow_book.h"

namespace wstap::formats {

std::optional<std::array<ws::MessageReader, 2>> read_flow(pipeline::FlowId flow,
                                                          std::vector<std::string> parts,
                                                          const ws::InflateLimits& limits) {
  auto reader = EventReader::open(std::move(parts));
  if (!reader) return std::nullopt;
  FlowBook book({ws::Inflating::on, ws::Inflating::on}, limits);
  for (;;) {
    const auto record = reader->next();
    if (!record) return std::nullopt;
    if (!*record) return book.take_readers(flow);
    if (const auto* opened = std::get_if<pipeline::FlowOpened>(&**record); opened && opened->id == flow)
      book.open(*opened);
    if (const auto* burst = std::get_if<pipeline::Burst>(&**record); burst && burst->flow == flow)
      book.visit(*burst, Depth::payloads, [](const auto&, Bytes) {});
  }
}

}  // namespace wstap::formats
