// SPDX-License-Identifier: Apache-2.0
// What `wstap intercept` does in one go: decide about items, put frames among those of a flow (HOLD-3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "libcore/control/client.h"

namespace wstap::cmd {

/// Items as they are named on a command line.
struct ItemChoice {
  std::vector<std::string> ids;
  bool all = false;
};

/// A payload as it is given on a command line: at most one of these.
struct GivenPayload {
  std::optional<std::string> text, hex, file;
};
/// @return none: there is none.
/// @error bad hexadecimal; a file that cannot be read.
Result<std::optional<Buffer>> payload_of(const GivenPayload& given);

/// What `modify` changes; with `raw`, what leaves instead.
struct ModifyOptions {
  std::string id;
  GivenPayload body, raw;
  std::optional<std::uint8_t> opcode;
  std::optional<bool> fin;
  std::optional<std::uint16_t> close_code;
  std::optional<std::string> close_reason;
};

struct InjectOptions {
  pipeline::FlowId flow = 0;
  ws::Direction direction = ws::Direction::send;
  GivenPayload payload;
  std::optional<std::uint8_t> opcode;  ///< none: text; binary of a file or of hexadecimal
  std::optional<std::uint16_t> close_code;
  std::string close_reason;
  std::string after;
};

// Each: 0 done; 1 too late or refused, which is said; 2 an option makes no sense.
Exit decide(control::Client& proxy, const ItemChoice& choice, pipeline::Review::Action action, Io& io);
Exit modify(control::Client& proxy, const ModifyOptions& options, Io& io);
Exit inject(control::Client& proxy, const InjectOptions& options, Io& io);

/// "late: ann was first", "refused: why".
std::string answer_text(const pipeline::ReviewAnswer& answer);
/// What a mistyped id is told.
std::string bad_id_text(std::string_view id);

}  // namespace wstap::cmd
