// SPDX-License-Identifier: Apache-2.0
// HostScope and HttpScope: what patterns cover, and what may be reached.
#include "libcore/pipeline/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "libcore/pipeline/step.h"

namespace wstap::pipeline {
namespace {

TargetPattern pattern(std::string_view text) {
  std::string why;
  auto made = TargetPattern::parse(text, why);
  if (!made) throw std::runtime_error(std::string(text) + ": " + why);
  return *made;
}
std::string fault(std::string_view text) {
  std::string why;
  return TargetPattern::parse(text, why) ? "none" : why;
}

bool covers(std::string_view text, std::string_view host, std::uint16_t port) {
  return pattern(text).covers_host({.host = host, .port = port});
}

TEST(TargetPatterns, CoverHosts) {
  EXPECT_TRUE(covers("example.com", "example.com", 80));
  EXPECT_TRUE(covers("Example.com.", "EXAMPLE.com", 80));
  EXPECT_TRUE(covers("example.com", "example.com.", 80));
  EXPECT_FALSE(covers("example.com", "www.example.com", 80));
  EXPECT_FALSE(covers("example.com", "example.com.evil", 80));
  EXPECT_TRUE(covers("*.example.com", "a.b.example.com", 80));
  EXPECT_FALSE(covers("*.example.com", "example.com", 80));
  EXPECT_FALSE(covers("*.example.com", "badexample.com", 80));
  EXPECT_TRUE(covers("10.0.*", "10.0.3.4", 80));
  EXPECT_TRUE(covers("10.0.*", "10.3", 80));
  EXPECT_FALSE(covers("10.0.*", "10.0.evil.example", 80));
  EXPECT_TRUE(covers("*", "10.0.evil.example", 80));
  EXPECT_TRUE(covers("127.0.0.1", "0x7f000001", 80));
  EXPECT_TRUE(covers("127.0.0.1", "::ffff:7f00:1", 80));
  EXPECT_TRUE(covers("[0:0::1]", "::1", 80));
  EXPECT_TRUE(covers("*a*b*", "xaxxbx", 80));
  EXPECT_FALSE(covers("*a*b*", "xbxxax", 80));
  EXPECT_TRUE(covers("*", "anything", 1));
  EXPECT_TRUE(covers("[::1]", "::1", 80));
  EXPECT_TRUE(covers("[fd00::*]:443", "fd00::7", 443));
}

TEST(TargetPatterns, CoverPorts) {
  EXPECT_TRUE(covers("a:443", "a", 443));
  EXPECT_FALSE(covers("a:443", "a", 444));
  EXPECT_TRUE(covers("a:8000-8999", "a", 8000));
  EXPECT_TRUE(covers("a:8000-8999", "a", 8999));
  EXPECT_FALSE(covers("a:8000-8999", "a", 9000));
  EXPECT_TRUE(covers("a:*", "a", 1));
  EXPECT_TRUE(covers("https://a", "a", 8443)) << "a scheme says nothing of ports";
}

TEST(TargetPatterns, CoverUrls) {
  const auto covers_url = [](std::string_view text, std::string_view scheme, std::string_view path,
                             bool upgrade) {
    return pattern(text).covers({"a", 443, scheme, path, upgrade});
  };
  EXPECT_TRUE(covers_url("wss://a", "https", "/chat", true));
  EXPECT_FALSE(covers_url("wss://a", "https", "/chat", false)) << "a page is no WebSocket";
  EXPECT_FALSE(covers_url("ws://a", "https", "/chat", true));
  EXPECT_TRUE(covers_url("ws://a", "http", "/chat", true));
  EXPECT_TRUE(covers_url("HTTPS://a", "https", "/chat", true));
  EXPECT_FALSE(covers_url("http://a", "https", "/chat", false));
  EXPECT_TRUE(covers_url("a/chat", "http", "/chat", false));
  EXPECT_FALSE(covers_url("a/chat", "http", "/chat/1", false));
  EXPECT_TRUE(covers_url("a/chat*", "http", "/chat/1", false));
  EXPECT_FALSE(covers_url("a/Chat", "http", "/chat", false));
  EXPECT_TRUE(covers_url("a/", "http", "/", false));
}

TEST(TargetPatterns, AreRefusedWithTheReason) {
  for (const char* text : {"", ":443", "/path", "a b", "user@a", "[::1", "https://"})
    EXPECT_EQ(fault(text), "it names no host (* is any)") << text;
  EXPECT_THAT(fault("ftp://a"), testing::HasSubstr("'ftp' is not one of"));
  for (const char* text : {"a:", "a:0", "a:65536", "a:9-8", "a:https", "::1", "fd00::1", "[::1]443"})
    EXPECT_NE(fault(text), "none") << text;
  EXPECT_THAT(fault("a:x"), testing::HasSubstr("is no port"));
}

Scope scope(std::vector<std::string_view> allow, std::vector<std::string_view> deny) {
  Scope made;
  for (const auto text : allow) made.allow.push_back(pattern(text));
  for (const auto text : deny) made.deny.push_back(pattern(text));
  return made;
}

TEST(Scopes, AllowAndDeny) {
  const Destination a{"a", 443, {}, {}, false}, b{"b", 443, {}, {}, false};
  EXPECT_TRUE(Scope().everything());
  EXPECT_EQ(Scope().refusal(a), "");
  EXPECT_EQ(scope({"a"}, {}).refusal(a), "");
  EXPECT_EQ(scope({"a"}, {}).refusal(b), "out of scope: not allowed");
  EXPECT_EQ(scope({}, {"a"}).refusal(a), "out of scope: denied by \"a\"");
  EXPECT_EQ(scope({}, {"a"}).refusal(b), "");
  EXPECT_EQ(scope({"*"}, {"*:443"}).refusal(a), "out of scope: denied by \"*:443\"");
}

TEST(Scopes, DecideByHostWhatHostsDecide) {
  const Destination tunnel{"a", 443, {}, {}, false}, chat{"a", 443, "https", "/chat", true},
      page{"a", 443, "https", "/page", false};
  const auto sockets = scope({"wss://a/chat"}, {});
  EXPECT_EQ(sockets.refusal(tunnel), "") << "what goes through it is not known yet";
  EXPECT_EQ(sockets.refusal(chat), "");
  EXPECT_NE(sockets.refusal(page), "");
  const auto no_pages = scope({}, {"a/page"});
  EXPECT_EQ(no_pages.refusal(tunnel), "");
  EXPECT_EQ(no_pages.refusal(chat), "");
  EXPECT_NE(no_pages.refusal(page), "");
}

// What nobody reads may be anything that its host has.
TEST(Scopes, LetPassUnreadWhatIsAllowedAsAWhole) {
  const Destination a{.host = "a", .port = 443};
  EXPECT_EQ(Scope().refusal_unread(a), "");
  EXPECT_EQ(scope({"a"}, {"b", "a:80", "b/x"}).refusal_unread(a), "");
  EXPECT_EQ(scope({"a/chat"}, {}).refusal_unread(a),
            "out of scope: it cannot be read, and not all of it is allowed");
  EXPECT_EQ(scope({"a/chat", "*:443"}, {}).refusal_unread(a), "");
  EXPECT_EQ(scope({}, {"a/admin*"}).refusal_unread(a),
            "out of scope: it cannot be read, and \"a/admin*\" denies some of it");
  EXPECT_EQ(scope({}, {"ws://*"}).refusal_unread(a),
            "out of scope: it cannot be read, and \"ws://*\" denies some of it");
  Scope closed;
  closed.unread = false;
  EXPECT_EQ(closed.refusal_unread(a), "out of scope: it cannot be read");
  EXPECT_FALSE(closed.everything());
}

TEST(Scopes, PickTheFlowsThatAreRecorded) {
  const auto filter =
      *filter::Filter::compile("host == \"a\" and path contains \"chat\"", filter::Vocabulary());
  const Pipeline some({}, {}, filter);
  EXPECT_TRUE(some.records(FlowNames(1, "wss://a/chat", {})));
  EXPECT_FALSE(some.records(FlowNames(1, "wss://b/chat", {})));
  EXPECT_TRUE(Pipeline().records(FlowNames(1, "wss://b/chat", {})));
}

}  // namespace
}  // namespace wstap::pipeline
