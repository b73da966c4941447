// SPDX-License-Identifier: Apache-2.0
// A frame for filters to look at, and the names they know.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "libcore/filter/filter.h"

namespace wstap::test {

inline constexpr std::array<std::string_view, 16> kOpcodes = {
    "continuation", "text", "binary", "r3",  "r4",  "r5",  "r6",  "r7",
    "close",        "ping", "pong",   "r11", "r12", "r13", "r14", "r15"};
inline constexpr std::array<std::string_view, 3> kVerdicts = {"forwarded", "changed", "dropped"};
inline constexpr std::array<std::string_view, 3> kAnomalies = {"reserved_opcode", "after_close",
                                                               "text_not_utf8"};
inline constexpr filter::Vocabulary kVocabulary = {kOpcodes, kVerdicts, kAnomalies};

/// {"role":"user",...} as a text frame from the client, number 7 of flow 3.
struct FilterSubject {
  FilterSubject() {
    subject.sequence = 7;
    subject.time_ns = 1'769'860'800'000'000'000;  // 2026-01-31T12:00:00Z
    subject.opcode = 1;
    subject.fin = subject.masked = subject.text = true;
    say(R"({"role":"user","age":42,"tags":["a","b"],"deep":{"x/y":null,"on":true}})");
  }
  void say(std::string_view text) {
    content = text;
    subject.payload = as_bytes(content);
    subject.length = subject.payload_bytes = content.size();
  }
  FilterSubject(const FilterSubject&) = delete;
  FilterSubject& operator=(const FilterSubject&) = delete;

  filter::FlowSubject flow{.id = 3,
                           .url = "wss://api.example.com:8443/chat/v1?token=1",
                           .host = "api.example.com",
                           .path = "/chat/v1",
                           .subprotocol = ""};
  std::string content;
  std::vector<std::string> tags;
  filter::Subject subject{.flow = flow};
};

}  // namespace wstap::test
