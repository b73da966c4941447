// SPDX-License-Identifier: Apache-2.0
// What rules and filters know of a flow.
#include "libcore/pipeline/flow_names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace wstap::pipeline {
namespace {

struct UrlRow {
  const char *url, *host, *path;
};
class FlowNamesOfUrl : public testing::TestWithParam<UrlRow> {};
TEST_P(FlowNamesOfUrl, AreItsParts) {
  const FlowNames names(7, GetParam().url, "chat");
  const auto subject = names.subject();
  EXPECT_EQ(subject.id, 7U);
  EXPECT_EQ(subject.url, GetParam().url);
  EXPECT_EQ(subject.host, GetParam().host);
  EXPECT_EQ(subject.path, GetParam().path);
  EXPECT_EQ(subject.subprotocol, "chat");
}
INSTANTIATE_TEST_SUITE_P(All, FlowNamesOfUrl,
                         testing::Values(UrlRow{"wss://example.com/chat?room=1", "example.com", "/chat"},
                                         UrlRow{"ws://example.com:8080/", "example.com", "/"},
                                         UrlRow{"ws://[::1]:9000/a/b#c", "::1", "/a/b"},
                                         UrlRow{"wss://[fe80::1]/x", "fe80::1", "/x"},
                                         UrlRow{"example.com:443", "example.com", ""},
                                         UrlRow{"[::1]:443", "::1", ""}, UrlRow{"", "", ""},
                                         UrlRow{"ws://h?x=/y", "h", ""}, UrlRow{"[", "", ""}));

// LIM-5, SAFE-6: where a flow goes is known as long as it lives
TEST(FlowNames, KnowTheDestination) {
  const auto destination = [](const char* url) {
    const FlowNames names(1, url, "");
    const auto to = names.destination();
    return fmt::format("{} {} {} {}", to.scheme, to.host, to.port, to.path);
  };
  EXPECT_EQ(destination("wss://example.com/chat?x"), "https example.com 443 /chat");
  EXPECT_EQ(destination("ws://example.com/"), "http example.com 80 /");
  EXPECT_EQ(destination("wss://[::1]:8443/a"), "https ::1 8443 /a");
  EXPECT_EQ(destination("ws://[::1]/a"), "http ::1 80 /a");
  EXPECT_EQ(destination("ws://h:99999/"), "http h 0 /");
}

// ... also where the client says another host in its request.
TEST(FlowNames, KnowTheTarget) {
  const FlowNames names(1, "wss://elsewhere.example/chat", "", "[::1]:8443");
  EXPECT_EQ(names.subject().host, "elsewhere.example");
  EXPECT_EQ(names.destination().host, "::1");
  EXPECT_EQ(names.destination().port, 8443);
  EXPECT_EQ(names.destination().scheme, "https");
  EXPECT_EQ(names.destination().path, "/chat");
}

// A short URL lives inside its string: views follow it.
TEST(FlowNames, CanBeMoved) {
  FlowNames first(1, "ws://h/p", "");
  const FlowNames second = std::move(first);
  EXPECT_EQ(second.subject().host, "h");
  EXPECT_EQ(second.subject().path, "/p");
}

}  // namespace
}  // namespace wstap::pipeline
