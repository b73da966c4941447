// SPDX-License-Identifier: Apache-2.0
#include "cmd/review_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/held_view.h"
#include "libcore/base/printable.h"
#include "libcore/filter/json_scanner.h"
#include "libcore/filter/json_values.h"
#include "libcore/ws/close.h"
#include "libcore/ws/utf8.h"

namespace wstap::cmd {
namespace {

constexpr std::size_t kFrameOfContent = 8;  ///< lines of a window that are for other things
constexpr std::size_t kLongestJson = 1U << 20;

/// What fits: so many lines, and bytes.
struct Room {
  std::size_t lines, bytes;
};
Room room_in(Console::Size window) {
  const std::size_t lines = std::max<std::size_t>(window.rows, kFrameOfContent + 4) - kFrameOfContent;
  return {lines, lines * std::max<std::size_t>(window.columns, 20)};
}

std::string cut_note(std::size_t shown, std::size_t all) {
  return shown == all ? std::string()
                      : fmt::format("... {} of {} bytes (all: wstap intercept show)\n", shown, all);
}

/// JSON with a line for each value. @param most  bytes of it.
std::string indented(std::string_view text, std::size_t most) {
  using Token = filter::JsonScanner::Token;
  filter::JsonScanner json(text);
  std::string out;
  bool fresh = true, behind_key = false;  // the first of a container; the value of a member
  for (auto token = json.next(); token != Token::end && token != Token::fault && out.size() < most;
       token = json.next()) {
    const bool closes = token == Token::close;
    const std::size_t depth = json.depth() - (token == Token::open ? 1 : 0);
    if (!behind_key && !(closes && fresh) && !out.empty()) {
      if (!fresh && !closes) out += ',';
      out += '\n' + std::string(2 * std::min<std::size_t>(depth, 20), ' ');
    }
    out += json.text();
    behind_key = token == Token::key;
    if (behind_key) out += ": ";
    fresh = token == Token::open;
  }
  return out;
}

/// Lines of text, as far as there is room. @return bytes that were used.
std::size_t append_text(std::string& out, std::string_view text, Room room) {
  std::size_t used = 0;
  while (used < text.size() && room.lines > 0) {
    const auto end = std::min(text.find('\n', used), text.size());
    const auto line = text.substr(used, end - used);
    const bool all = append_printable(out, as_bytes(line), room.bytes);
    out += '\n';
    if (!all) return used + ws::whole_characters(as_bytes(line), room.bytes);
    used = std::min(end + 1, text.size());
    room.bytes -= line.size();
    --room.lines;
  }
  return used;
}

std::size_t bytes_of_row(Console::Size window) {
  return window.columns >= 79 ? 16 : window.columns >= 46 ? 8 : 4;
}

std::size_t append_hex(std::string& out, Bytes bytes, Console::Size window) {
  const std::size_t row = bytes_of_row(window);
  bytes = bytes.first(std::min(bytes.size(), room_in(window).lines * row));
  for (std::size_t at = 0; at < bytes.size(); at += row) {
    std::string hex, text;
    for (const auto byte : bytes.subspan(at, std::min(row, bytes.size() - at))) {
      const auto c = static_cast<unsigned char>(byte);
      hex += fmt::format(" {:02x}", c);
      text += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.';
    }
    out += fmt::format("{:08x} {:<{}}  |{}|\n", at, hex, row * 3, text);
  }
  return bytes.size();
}

std::string close_content(Bytes payload) {
  const auto close = ws::parse_close(payload);
  if (!close.code) return "no close code\n";
  return fmt::format("close code {}, {}\n", *close.code,
                     close.reason.empty() ? "no reason" : "reason: " + printable(as_text(close.reason)));
}

}  // namespace

std::string item_heading(const pipeline::HeldItem& item, const Console& console) {
  const bool sends = item.direction == ws::Direction::send;
  std::string out = console.paint(to_text(item.id), "1");
  out += ' ' + console.paint(fmt::format("{} {}", sends ? "->" : "<-", ws::opcode_name(item.opcode)),
                             sends ? "32" : "34");
  out += fmt::format(", {} bytes", item.payload.size());
  if (item.compressed) out += ", compressed";
  if (const auto mark = ws::name(item.inflation); !mark.empty()) out += fmt::format(" ({})", mark);
  if (!item.header.fin) out += ", more fragments follow";
  if (!item.whole) out += ", as far as it came";
  out += fmt::format(", {}\nheld by {}", printable(item.upgrade_url),
                     console.paint(formats::rules_text(item), "33"));
  for (const auto& tag : item.tags) out += " #" + printable(tag);
  return out + fmt::format(", else {}\n", name(item.on_timeout));
}

std::string item_content(const pipeline::HeldItem& item, Console::Size window) {
  const Bytes payload(item.payload);
  if (item.opcode == ws::kClose && payload.size() != 1) return close_content(payload);
  if (payload.empty()) return "no payload\n";
  std::string out;
  const bool readable = !item.compressed || item.inflation == ws::Inflation::done;
  if (!readable || !ws::is_utf8(payload) || item.opcode == ws::kBinary) {
    const auto shown = append_hex(out, payload, window);
    return out + cut_note(shown, payload.size());
  }
  const auto room = room_in(window);
  const auto text = as_text(payload);
  const bool json =
      payload.size() <= kLongestJson && (text.front() == '{' || text.front() == '[') && filter::is_json(text);
  if (!json) {
    const auto shown = append_text(out, text, room);
    return out + cut_note(shown, text.size());
  }
  const auto pretty = indented(text, room.bytes + 1);
  const auto shown = append_text(out, pretty, room);
  if (shown < pretty.size()) out += fmt::format("... of {} bytes (all: wstap intercept show)\n", text.size());
  return out;
}

std::string item_bytes(const pipeline::HeldItem& item, Console::Size window) {
  // Of a large one the beginning: the view of all of it would be thrown away.
  const std::size_t most = room_in(window).lines * 16 / 2 + ws::kMaxHeader;
  pipeline::HeldItem beginning = item;
  beginning.raw.resize(std::min(beginning.raw.size(), most));
  beginning.payload.resize(std::min(beginning.payload.size(), most));
  std::string out;
  formats::raw_view(out, beginning);
  return out + cut_note(beginning.raw.size(), item.raw.size());
}

std::string item_prompt(const pipeline::HeldItem& item, std::size_t others, UnixNs now_ns,
                        Console::Size window) {
  const auto left = formats::time_left(item, now_ns);
  const std::string keys =
      item.opcode == ws::kClose ? "[r,d,e,h,c,a,n,v,s,q,?]? " : "[r,d,e,h,a,n,v,s,q,?]? ";
  const auto waiting = others == 0 ? std::string() : fmt::format(", {} wait", others);
  for (const auto& text : {left + waiting + ' ' + keys, left + ' ' + keys, left + waiting + " [?]? "})
    if (text.size() < window.columns) return text;
  return "? ";
}

std::string item_help(const pipeline::HeldItem& item) {
  std::string out =
      "r  release: let it go on as it is\n"
      "d  drop: take it out\n"
      "e  edit the payload, and let that go on in its place\n"
      "h  edit the payload in hexadecimal\n";
  if (item.opcode == ws::kClose) out += "c  edit close code and reason\n";
  return out +
         "a  always: release it, and all further ones of the same rule\n"
         "n  never: drop it, and all further ones of the same rule\n"
         "v  view: as bytes, or what it says\n"
         "s  skip: leave it to others, or to the timeout\n"
         "q  quit; what is held stays so\n";
}

std::string_view done_text(pipeline::Review::Action action) noexcept {
  constexpr std::array<std::string_view, 4> kTexts = {"released", "dropped", "changed, and on its way",
                                                      "sent in its place"};
  return kTexts[static_cast<std::size_t>(action)];
}

}  // namespace wstap::cmd
