// SPDX-License-Identifier: Apache-2.0
// The server's side of SOCKS5 (RFC 1928, RFC 1929) as a dialogue, at every split of what the client says.
#include "libcore/net/socks5.h"

#include <gtest/gtest.h>

#include "libcore/net/errors.h"
#include "tests/support/bytes.h"

namespace wstap::net {
namespace {

using test::hex;

const SocksCredentials kAlice{"alice", "secret"};

/// All that the server said and did until it wants no more, or is at an end.
struct Dialogue {
  Buffer answers;
  std::optional<Target> target;
  std::optional<std::string> refused;
  std::size_t left = 0;  ///< bytes the server did not use
};

/// Feeds `wire` in two pieces, as one connection would.
Dialogue talk(Socks5Server server, Bytes wire, std::size_t cut) {
  Dialogue dialogue;
  Buffer unread;
  for (const Bytes piece : {wire.first(cut), wire.subspan(cut)}) {
    append(unread, piece);
    for (bool more = true; more && !dialogue.target && !dialogue.refused;) {
      Bytes in = unread;
      auto step = server.next(in);
      if (auto* answer = std::get_if<Socks5Server::Answer>(&step)) append(dialogue.answers, answer->bytes);
      if (auto* refused = std::get_if<Socks5Server::Refused>(&step)) {
        append(dialogue.answers, refused->bytes);
        dialogue.refused = refused->reason;
      }
      if (auto* request = std::get_if<Socks5Server::Request>(&step)) dialogue.target = request->target;
      more = !std::holds_alternative<Socks5Server::NeedMore>(step);
      EXPECT_TRUE(more || in.size() == unread.size()) << "consumed part of a message";
      unread = to_buffer(in);
    }
  }
  dialogue.left = unread.size();
  return dialogue;
}

struct Request {
  const char* name;
  const char* bytes;
  Target target;
};

class SocksRequest : public testing::TestWithParam<Request> {};

// UPG-5
TEST_P(SocksRequest, NamesItsTargetAtEverySplit) {
  const auto early = test::bytes("GET / HTTP/1.1");
  const auto wire = test::concat({hex("05 01 00"), hex(GetParam().bytes), early});
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto dialogue = talk(Socks5Server(std::nullopt), wire, cut);
    EXPECT_FALSE(dialogue.refused.has_value());
    EXPECT_EQ(dialogue.answers, hex("05 00"));
    ASSERT_TRUE(dialogue.target.has_value());
    EXPECT_EQ(dialogue.target->host, GetParam().target.host);
    EXPECT_EQ(dialogue.target->port, GetParam().target.port);
    EXPECT_LE(dialogue.left, early.size()) << "what follows the request is not the server's";
    EXPECT_GE(dialogue.left + wire.size() - cut, early.size());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rfc1928Section4, SocksRequest,
    testing::Values(Request{"Ipv4", "05 01 00 01 7f000001 1f90", {"127.0.0.1", 8080}},
                    Request{
                        "Ipv6", "05 01 00 04 20010db8000000000000000000000001 01bb", {"2001:db8::1", 443}},
                    Request{"Name", "05 01 00 03 09 612e6578616d706c65 0050", {"a.example", 80}},
                    Request{"NameOfOneLetter", "05 01 00 03 01 61 ffff", {"a", 65535}},
                    Request{"ReservedByteIsIgnored", "05 01 ff 01 0a000001 0050", {"10.0.0.1", 80}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Socks5Server, TakesANameOf255Bytes) {
  const std::string name(255, 'n');
  const auto wire = test::concat({hex("05 01 00 05 01 00 03 ff"), as_bytes(name), hex("0050")});
  const auto dialogue = talk(Socks5Server(std::nullopt), wire, 100);
  ASSERT_TRUE(dialogue.target.has_value());
  EXPECT_EQ(dialogue.target->host, name);
}

struct Refusal {
  const char* name;
  const char* bytes;    ///< behind the greeting
  const char* answers;  ///< behind the greeting's
};

class SocksRefusal : public testing::TestWithParam<Refusal> {};

// UPG-5
TEST_P(SocksRefusal, AnswersWithItsCodeAtEverySplit) {
  const auto wire = test::concat({hex("05 01 00"), hex(GetParam().bytes)});
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto dialogue = talk(Socks5Server(std::nullopt), wire, cut);
    EXPECT_FALSE(dialogue.target.has_value());
    ASSERT_TRUE(dialogue.refused.has_value());
    EXPECT_FALSE(dialogue.refused->empty());
    EXPECT_EQ(dialogue.answers, test::concat({hex("05 00"), hex(GetParam().answers)}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rfc1928Section6, SocksRefusal,
    testing::Values(Refusal{"Bind", "05 02 00 01 7f000001 0050", "05 07 00 01 00000000 0000"},
                    Refusal{"UdpAssociate", "05 03 00 01 7f000001 0050", "05 07 00 01 00000000 0000"},
                    Refusal{"UnknownCommand", "05 00 00 01 7f000001 0050", "05 07 00 01 00000000 0000"},
                    Refusal{"UnknownAddressType", "05 01 00 02 00", "05 08 00 01 00000000 0000"},
                    Refusal{"EmptyName", "05 01 00 03 00 0050", "05 01 00 01 00000000 0000"},
                    Refusal{"NulInName", "05 01 00 03 03 610062 0050", "05 01 00 01 00000000 0000"},
                    Refusal{"PortZero", "05 01 00 01 7f000001 0000", "05 01 00 01 00000000 0000"},
                    Refusal{"OtherVersion", "04 01 00 01 7f000001 0050", ""}),
    [](const auto& row) { return std::string(row.param.name); });

struct Greeting {
  const char* name;
  const char* bytes;
  bool with_password;
  const char* answer;
  bool accepted;
};

class SocksGreeting : public testing::TestWithParam<Greeting> {};

TEST_P(SocksGreeting, ChoosesTheOneMethodItWants) {
  const auto& row = GetParam();
  const auto wire = hex(row.bytes);
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto credentials = row.with_password ? std::optional(kAlice) : std::nullopt;
    const auto dialogue = talk(Socks5Server(credentials), wire, cut);
    EXPECT_EQ(dialogue.answers, hex(row.answer));
    EXPECT_EQ(!dialogue.refused.has_value(), row.accepted);
    EXPECT_EQ(dialogue.left, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rfc1928Section3, SocksGreeting,
    testing::Values(Greeting{"NoAuth", "05 01 00", false, "05 00", true},
                    Greeting{"NoAuthAmongOthers", "05 03 01 02 00", false, "05 00", true},
                    Greeting{"Password", "05 01 02", true, "05 02", true},
                    Greeting{"PasswordAmongOthers", "05 02 00 02", true, "05 02", true},
                    Greeting{"PasswordIsNotOffered", "05 02 00 01", true, "05 ff", false},
                    Greeting{"OnlyPasswordIsOffered", "05 01 02", false, "05 02", true},
                    Greeting{"NothingIsOffered", "05 00", false, "05 ff", false},
                    Greeting{"OtherVersion", "04 01 00", false, "", false}),
    [](const auto& row) { return std::string(row.param.name); });

/// Greeting, user and password, request.
Buffer login(std::string_view user, std::string_view password, const char* version = "01") {
  const auto length = [](std::string_view text) { return Buffer{static_cast<std::byte>(text.size())}; };
  return test::concat({hex("05 01 02"), hex(version), length(user), as_bytes(user), length(password),
                       as_bytes(password), hex("05 01 00 03 01 61 0050")});
}

// UPG-5
TEST(SocksPassword, OpensForTheRightOneAtEverySplit) {
  const auto wire = login("alice", "secret");
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto dialogue = talk(Socks5Server(kAlice), wire, cut);
    EXPECT_EQ(dialogue.answers, hex("05 02 01 00"));
    ASSERT_TRUE(dialogue.target.has_value());
    EXPECT_EQ(dialogue.target->host, "a");
  }
}

// UPG-5
TEST(SocksPassword, RefusesEveryOther) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"alice", "secres"}, {"alice", "secre"},       {"alice", "secrets"}, {"alice", ""}, {"", "secret"},
      {"Alice", "secret"}, {"alicealice", "secret"}, {"secret", "alice"},  {"", ""}};
  for (const auto& [user, password] : pairs) {
    SCOPED_TRACE(std::string(user) + ":" + std::string(password));
    const auto dialogue = talk(Socks5Server(kAlice), login(user, password), 9);
    EXPECT_EQ(dialogue.answers, hex("05 02 01 01"));
    EXPECT_TRUE(dialogue.refused.has_value());
    EXPECT_FALSE(dialogue.target.has_value());
  }
}

TEST(SocksPassword, RefusesAnotherVersionOfTheNegotiation) {
  const auto dialogue = talk(Socks5Server(kAlice), login("alice", "secret", "05"), 0);
  EXPECT_EQ(dialogue.answers, hex("05 02 01 01"));
  EXPECT_TRUE(dialogue.refused.has_value());
}

TEST(SocksPassword, MayBeEmptyOrAsLongAsItsLengthByteAllows) {
  EXPECT_TRUE(talk(Socks5Server(SocksCredentials{"", ""}), login("", ""), 4).target.has_value());
  EXPECT_FALSE(talk(Socks5Server(SocksCredentials{"", ""}), login("x", ""), 4).target.has_value());
  const std::string most(255, 'p');
  EXPECT_TRUE(talk(Socks5Server(SocksCredentials{most, most}), login(most, most), 200).target.has_value());
}

TEST(Socks5Server, AfterTheRequestTheBytesAreTheTunnels) {
  Socks5Server server(std::nullopt);
  const auto request = hex("05 01 00 03 01 61 0050");
  const auto wire = test::concat({hex("05 01 00"), request, request});
  Bytes in = wire;
  ASSERT_TRUE(std::holds_alternative<Socks5Server::Answer>(server.next(in)));
  ASSERT_TRUE(std::holds_alternative<Socks5Server::Request>(server.next(in)));
  EXPECT_EQ(in.size(), request.size());
  EXPECT_TRUE(std::holds_alternative<Socks5Server::NeedMore>(server.next(in)));
  EXPECT_EQ(in.size(), request.size());
}

// RFC 1928 section 6
TEST(SocksReply, CarriesTheCodeAndNoAddress) {
  EXPECT_EQ(Socks5Server::reply(0), hex("05 00 00 01 00000000 0000"));
  EXPECT_EQ(Socks5Server::reply(5), hex("05 05 00 01 00000000 0000"));
}

// UPG-5: the SOCKS code, or the HTTP status, says why.
TEST(DialFaults, HaveACodeAndAStatus) {
  struct Row {
    Errc fault;
    unsigned char socks;
    int http;
  };
  for (const Row& row :
       {Row{Errc::timed_out, 6, 504}, Row{Errc::self_dial, 2, 403}, Row{Errc::resolve_failed, 4, 502},
        Row{Errc::connect_failed, 5, 502}, Row{Errc::protocol, 1, 502}}) {
    EXPECT_EQ(socks_reply_for(row.fault), row.socks);
    EXPECT_EQ(http_status_for(row.fault), row.http);
  }
}

}  // namespace
}  // namespace wstap::net
