// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/values.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <sstream>

#include "libcore/filter/errors.h"
#include "libcore/pipeline/frame_subject.h"

namespace wstap::rules {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(Writer& out, std::string_view text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

/// @return false: it has infinity or NaN, which are not of JSON.
bool write(Writer& out, const toml::node& value) {
  bool written = true;
  if (const auto* table = value.as_table()) {
    out.StartObject();
    for (const auto& [key, member] : *table) {
      out.Key(key.str().data(), static_cast<rapidjson::SizeType>(key.str().size()));
      written &= write(out, member);
    }
    out.EndObject();
  } else if (const auto* list = value.as_array()) {
    out.StartArray();
    for (const auto& element : *list) written &= write(out, element);
    out.EndArray();
  } else if (const auto text = value.value_exact<std::string>()) {
    write_text(out, *text);
  } else if (const auto flag = value.value_exact<bool>()) {
    out.Bool(*flag);
  } else if (const auto whole = value.value_exact<std::int64_t>()) {
    out.Int64(*whole);
  } else if (const auto real = value.value_exact<double>()) {
    written = out.Double(*real);
  } else {
    std::ostringstream shown;
    shown << toml::node_view(value);
    write_text(out, shown.str());
  }
  return written;
}

}  // namespace

std::optional<std::array<bool, 2>> read_directions(Table& table) {
  constexpr std::array<std::string_view, 3> kDirections = {"send", "receive", "both"};
  const auto word = table.word("direction", kDirections);
  if (!word) return std::nullopt;
  return std::array{*word != 1, *word != 0};
}

std::optional<filter::Filter> read_filter(Table& table, std::string_view key) {
  const auto expression = table.text(key);
  if (!expression) return std::nullopt;
  auto filter = filter::Filter::compile(*expression, pipeline::vocabulary());
  if (filter && !filter->reads_any(filter::is_of_recording)) return std::move(*filter);
  if (filter) {
    table.fault(
        *table.node(key),
        fmt::format(
            "{}: rules judge frames before they have a verdict: verdict, cause and held are of recordings",
            key));
    return std::nullopt;
  }
  table.fault(*table.node(key), fmt::format("{}: {}", key, filter::explain(*expression, filter.error())));
  return std::nullopt;
}

std::optional<std::string> json_of(const toml::node& value) {
  rapidjson::StringBuffer out;
  Writer writer(out);
  if (!write(writer, value)) return std::nullopt;
  return std::string(out.GetString(), out.GetSize());
}

}  // namespace wstap::rules
