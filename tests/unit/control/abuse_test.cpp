// SPDX-License-Identifier: Apache-2.0
// Clients of a control server that do not read, do not listen, or speak something else: it costs nobody but
// themselves (HOLD-7).
#include <gmock/gmock.h>
#include <malloc.h>

#include "libcore/control/errors.h"
#include "tests/support/control_peers.h"

namespace wstap::control {
namespace {

using test::held_text;
using testing::HasSubstr;
using testing::StartsWith;

std::size_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

class ControlAbuse : public test::ControlServing {
 protected:
  void expect_service() const {
    auto other = client("other");
    EXPECT_THAT(ask(other, AskStats{}), StartsWith("stats"));
  }
};

TEST_F(ControlAbuse, WithoutAHelloInTimeItEnds) {  // HOLD-6
  auto hasty = options();
  hasty.patience = std::chrono::milliseconds(20);
  serve(hasty);
  test::RawControlClient silent(path);
  EXPECT_EQ(silent.next(), "0: refusal 'a hello is expected first, and none came'");
  EXPECT_EQ(silent.next(), "end");
}

TEST_F(ControlAbuse, AnotherVersionIsRefused) {  // HOLD-6
  serve(options());
  test::RawControlClient later(path);
  later.say(7, Hello{2, "Ada"});
  EXPECT_EQ(later.next(), "7: refusal 'version 2 of the control protocol, and wstap 1.2.3 speaks version 1'");
  EXPECT_EQ(later.next(), "end");
}

TEST_F(ControlAbuse, WhatIsNoHelloIsRefused) {
  serve(options());
  const auto refusal = [this](Bytes bytes) {
    test::RawControlClient raw(path);
    raw.send(bytes);
    const auto said = raw.next();
    EXPECT_EQ(raw.next(), "end");
    return said;
  };
  EXPECT_EQ(refusal(test::kControlCodec.encode(Request{7, List{}})),
            "7: refusal 'a hello is expected first'");
  EXPECT_THAT(refusal(as_bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")), StartsWith("0: refusal '"));
  EXPECT_EQ(port.reviews().size(), 0U);

  // Before the hello nobody sends much.
  Buffer large = test::kControlCodec.encode(Request{1, Inject{{.payload = Buffer(1U << 20)}}});
  large.pop_back();
  EXPECT_EQ(refusal(large), "0: refusal 'a hello is expected first'");
  expect_service();
}

TEST_F(ControlAbuse, WhatCannotBeReadEndsOneConnection) {
  serve(options());
  auto ada = client();
  for (const auto first : {std::byte{0x01}, std::byte{0x7f}, std::byte{0xff}}) {
    test::RawControlClient raw(path);
    raw.say(1, Hello{});
    raw.say(2, AskStats{});
    raw.send(Buffer(64, first));
    raw.say(3, release({1, 2}));
    EXPECT_THAT(raw.next(), StartsWith("1: welcome"));
    EXPECT_THAT(raw.next(), StartsWith("2: stats"));
    const auto last = raw.next();
    EXPECT_THAT(last, StartsWith("0: refusal '"));
    EXPECT_EQ(raw.next(), "end");
  }
  EXPECT_TRUE(port.reviews().empty());
  EXPECT_THAT(ask(ada, AskStats{}), StartsWith("stats"));
}

TEST_F(ControlAbuse, OtherUsersAreTurnedAway) {  // HOLD-6
  auto others = options();
  others.uid = ::geteuid() + 1;
  serve(others);
  test::RawControlClient foreign(path);
  EXPECT_EQ(foreign.next(), "end");
  EXPECT_THAT(log.text(), HasSubstr(fmt::format("refused process {} of user {}", ::getpid(), ::geteuid())));
  EXPECT_EQ(Client::connect(path, test::kControlCodec, "Ada").error().code, Errc::peer_closed);
}

TEST_F(ControlAbuse, ThereIsAnEndToClients) {
  auto few = options();
  few.max_clients = 2;
  serve(few);
  auto ada = client();
  {
    const auto grace = client();
    const auto third = Client::connect(path, test::kControlCodec, "third");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, Errc::refused);
    EXPECT_THAT(third.error().text(), HasSubstr("2 clients are connected already"));
  }
  EXPECT_TRUE(test::eventually([&] { return Client::connect(path, test::kControlCodec, "x").has_value(); }));
}

// A gigabyte of items comes and goes while one of two watchers reads nothing.
TEST_F(ControlAbuse, AWatcherThatDoesNotReadHoldsUpNobody) {  // HOLD-7
  serve(options());
  test::RawControlClient stuck(path);
  stuck.say(1, Hello{});
  stuck.say(2, Watch{});
  ASSERT_TRUE(test::eventually([&] { return port.watchers() == 1; }));
  const std::size_t before = heap_bytes();
  std::size_t most = before;
  constexpr pipeline::Sequence kItems = 50'000, kAtOnce = 20;
  const std::string text(20'000, 'x');
  for (pipeline::Sequence i = 1; i <= kItems; ++i) {
    port.hold(held_text(1, i, text));
    if (i > kAtOnce) port.settle({1, i - kAtOnce});
    if (i % 1000 == 0) most = std::max(most, heap_bytes());
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(most, before + (16U << 20));
#endif
  expect_service();

  // What it is told in the end is sound: ends of what it knew, and what still waits.
  EXPECT_THAT(stuck.next(), StartsWith("1: welcome"));
  port.hold(held_text(2, 1, "the last"));
  std::set<std::string> waits;
  for (std::string said; !waits.contains("2:1");) {
    said = stuck.next();
    ASSERT_THAT(said, testing::Not(testing::AnyOf("end", "silence")));
    const auto id = [&](std::string_view prefix) {
      return said.starts_with(prefix)
                 ? said.substr(prefix.size(), said.find(' ', prefix.size()) - prefix.size())
                 : "";
    };
    if (const auto held = id("0: held "); !held.empty()) {
      EXPECT_TRUE(waits.insert(held).second);
    } else if (const auto settled = id("0: settled "); !settled.empty()) {
      EXPECT_EQ(waits.erase(settled), 1U);
    }
  }
  EXPECT_EQ(waits.size(), kAtOnce + 1);
}

// Each of them holds up to one large message in memory: there is a bound for all together.
TEST_F(ControlAbuse, WhoeverIsSlowestMakesRoomForOthers) {  // HOLD-7
  auto tight = options();
  tight.max_in_flight_bytes = 5U << 20;
  serve(tight);
  port.hold(held_text(1, 2, std::string(2U << 20, 'x')));
  std::vector<test::RawControlClient> stuck;
  for (int i = 0; i < 2; ++i) {
    stuck.emplace_back(path);
    stuck.back().say(1, Hello{});
    stuck.back().say(2, List{});
    EXPECT_THAT(stuck.back().next(), StartsWith("1: welcome"));
    EXPECT_TRUE(stuck.back().has_more());
  }
  // One that does not read, then one that does not finish what it says.
  auto ada = client();
  EXPECT_THAT(ask(ada, List{}), StartsWith("items"));
  EXPECT_THAT(log.text(), HasSubstr("client 'reviewer' is too slow"));
  EXPECT_EQ(stuck[0].next(), "end");
  EXPECT_THAT(stuck[1].next(), StartsWith("2: items"));

  const Buffer half = test::kControlCodec.encode(Request{3, Inject{{.payload = Buffer(8U << 20)}}});
  stuck[1].send(Bytes(half).first(4U << 20));
  EXPECT_THAT(ask(ada, List{}), StartsWith("items"));
  EXPECT_THAT(ask(ada, Inject{{.payload = Buffer(4U << 20)}}), StartsWith("answer ok"));
  EXPECT_EQ(stuck[1].next(), "end");
}

TEST_F(ControlAbuse, WhoeverReadsNoAnswersIsNotReadFrom) {  // HOLD-7
  serve(options());
  test::RawControlClient eager(path);
  eager.say(1, Hello{});
  const Buffer request = test::kControlCodec.encode(Request{2, AskStats{}});
  Buffer many;
  while (many.size() < (64U << 10)) append(many, request);
  constexpr std::size_t kMost = 32U << 20;
  std::size_t sent = 0;
  Bytes rest = many;
  while (sent < kMost) {
    pollfd state{.fd = eager.descriptor(), .events = POLLOUT, .revents = 0};
    if (::poll(&state, 1, 300) == 0) break;
    const auto put = ::send(eager.descriptor(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ASSERT_GT(put, 0);
    sent += static_cast<std::size_t>(put);
    rest = rest.subspan(static_cast<std::size_t>(put));
    if (rest.empty()) rest = many;
  }
  EXPECT_LT(sent, kMost);
  expect_service();
  // All that it asked is answered once it reads.
  EXPECT_THAT(eager.next(), StartsWith("1: welcome"));
  for (std::size_t i = 0; i < sent / request.size(); ++i) ASSERT_THAT(eager.next(), StartsWith("2: stats"));
}

TEST_F(ControlAbuse, RequestsThatTheProxyHasNotAnsweredAreBounded) {
  port.keep_reviews(true);
  serve(options());
  test::RawControlClient eager(path);
  eager.say(1, Hello{});
  constexpr std::size_t kRequests = 500;
  // At once: the socket has room for all of them like this, and not for as many small writes.
  Buffer requests;
  for (std::uint32_t i = 0; i < kRequests; ++i)
    append(requests, test::kControlCodec.encode(Request{i + 2, release({1, i})}));
  eager.send(requests);
  ASSERT_TRUE(test::eventually([&] { return port.kept() >= 32; }));
  expect_service();
  EXPECT_EQ(port.kept(), 32U);
  EXPECT_THAT(eager.next(), StartsWith("1: welcome"));
  const std::jthread proxy([&](std::stop_token done) {
    while (!done.stop_requested()) {
      port.answer_kept();
      ::poll(nullptr, 0, 1);
    }
  });
  for (std::uint32_t i = 0; i < kRequests; ++i)
    EXPECT_THAT(eager.next(), StartsWith(fmt::format("{}: answer", i + 2)));
}

TEST_F(ControlAbuse, AClientThatIsKilledLeavesNothing) {  // HOLD-7
  serve(options());
  auto ada = client();
  port.hold(held_text(1, 2, std::string(8U << 20, 'x')));
  {
    // In the middle of a request of its own, and of an item that is being told.
    test::RawControlClient victim(path);
    victim.say(1, Hello{});
    victim.say(2, Watch{});
    EXPECT_THAT(victim.next(), StartsWith("1: welcome"));
    const Buffer half = test::kControlCodec.encode(Request{3, Inject{{.payload = Buffer(1U << 20)}}});
    victim.send(Bytes(half).first(half.size() / 2));
    ASSERT_TRUE(test::eventually([&] { return port.watchers() == 1; }));
  }
  EXPECT_TRUE(test::eventually([&] { return port.watchers() == 0; }));
  EXPECT_TRUE(port.injected().empty());
  EXPECT_EQ(ask(ada, release({1, 2})), "answer ok '' ''");
}

TEST_F(ControlAbuse, AnAnswerForWhoeverIsGoneComesToNothing) {
  port.keep_reviews(true);
  serve(options());
  {
    auto victim = client();
    ASSERT_TRUE(victim.send(Watch{}));
    EXPECT_EQ(next(victim), "2: caught");
    ASSERT_TRUE(victim.send(release({1, 2})));
    ASSERT_TRUE(test::eventually([&] { return port.kept() == 1; }));
  }
  EXPECT_TRUE(test::eventually([&] { return port.watchers() == 0; }));
  port.answer_kept();
  expect_service();
}

}  // namespace
}  // namespace wstap::control
