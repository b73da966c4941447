// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/upgrade.h"

#include <algorithm>
#include <array>
#include <vector>

#include "libcore/base/ascii.h"

namespace wstap::http1 {
namespace {

// What a Connection header must not take away, whatever it names: the fields that frame and address the
// message.
constexpr std::array<std::string_view, 4> kNeverConnection = {"content-length", "transfer-encoding", "host",
                                                              "date"};

bool is_persistence(std::string_view token) {
  return iequals(token, "close") || iequals(token, "keep-alive");
}

/// Takes the options that are no persistence off one Connection value; collects them in `named`.
std::string remaining_options(std::string_view list, std::vector<std::string>& named) {
  std::string remaining;
  while (!list.empty()) {
    const auto option = next_element(list);
    if (option.empty()) continue;
    if (is_persistence(option)) {
      if (!remaining.empty()) remaining += ", ";
      remaining += option;
    } else if (std::ranges::find(kNeverConnection, to_lower(option)) == kNeverConnection.end()) {
      named.push_back(to_lower(option));
    }
  }
  return remaining;
}

void remove_connection_fields(Fields& fields) {
  std::vector<std::string> named = {"proxy-connection", "upgrade", "http2-settings"};
  Fields kept;
  for (const auto& field : fields.list()) {
    if (!iequals(field.name, "Connection")) {
      kept.add_verbatim(field);
      continue;
    }
    const std::size_t before = named.size();
    const auto remaining = remaining_options(field.value, named);
    if (named.size() == before) {
      kept.add_verbatim(field);
    } else if (!remaining.empty()) {
      kept.add(field.name, remaining);
    }
  }
  kept.remove_if(
      [&](const Field& field) { return std::ranges::find(named, to_lower(field.name)) != named.end(); });
  fields = std::move(kept);
}

}  // namespace

bool is_websocket_upgrade(const RequestHead& head) {
  return head.fields.has_token("Connection", "upgrade") && head.fields.has_token("Upgrade", "websocket");
}

bool completes_websocket_upgrade(const ResponseHead& head) {
  return head.status == 101 && head.fields.has_token("Connection", "upgrade") &&
         head.fields.has_token("Upgrade", "websocket");
}

void address_to_origin(RequestHead& head, const Url* url) {
  if (url != nullptr) {
    head.set_target(head.method == "OPTIONS" && url->path == "/" && !head.target.ends_with('/') ? "*"
                                                                                                : url->path);
    head.fields.set("Host", url->host_field);
  }
  head.fields.remove("Proxy-Authorization");
  head.fields.remove("Proxy-Connection");
}

void strip_hop_by_hop(RequestHead& head) {
  remove_connection_fields(head.fields);
}

void strip_hop_by_hop(ResponseHead& head) {
  remove_connection_fields(head.fields);
  head.fields.remove("Proxy-Authenticate");
}

}  // namespace wstap::http1
