// SPDX-License-Identifier: Apache-2.0
// What clients of a control server ask, and are told (HOLD-6, HOLD-7).
#include "libcore/control/server.h"

#include <gmock/gmock.h>

#include "libcore/control/errors.h"
#include "tests/support/control_peers.h"

namespace wstap::control {
namespace {

using test::held_text;
using testing::HasSubstr;
using testing::StartsWith;

class ControlServerTest : public test::ControlServing {
 protected:
  void SetUp() override { serve(options()); }
};

TEST_F(ControlServerTest, SaysWhoItIs) {  // HOLD-6
  EXPECT_EQ(test::mode_of(path), 0600U);
  EXPECT_EQ(test::mode_of(folder / "wstap"), 0700U);
  const auto ada = client();
  EXPECT_EQ(ada.proxy().pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(ada.proxy().program, "wstap 1.2.3");
}

TEST_F(ControlServerTest, ListsWhatWaits) {  // HOLD-6
  auto ada = client();
  EXPECT_EQ(ask(ada, List{}), "items more=false");
  const auto full = test::shared(test::full_item({1, 2}));
  port.hold(full);
  port.hold(held_text(1, 3));
  EXPECT_EQ(ask(ada, List{}),
            "items more=false\n  " + test::told(*full) + "\n  " + test::told(*held_text(1, 3)));
  EXPECT_EQ(ask(ada, List{pipeline::HeldId{1, 3}}), "items more=false\n  " + test::told(*held_text(1, 3)));
  EXPECT_EQ(ask(ada, List{pipeline::HeldId{1, 4}}), "items more=false");
}

TEST_F(ControlServerTest, LongListsComeInParts) {
  constexpr pipeline::Sequence kItems = 5;
  const std::string text(600'000, 'x');
  for (pipeline::Sequence i = 1; i <= kItems; ++i) port.hold(held_text(1, i, text));
  test::RawControlClient raw(path);
  raw.say(1, Hello{});
  raw.say(2, List{});
  EXPECT_THAT(raw.next(), StartsWith("1: welcome"));
  for (pipeline::Sequence i = 1; i <= kItems; ++i)
    EXPECT_THAT(raw.next(), StartsWith(i < kItems ? "2: items more=true" : "2: items more=false"));
  auto ada = client();
  const auto reply = ada.ask(List{});
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<Items>(reply->body).items.size(), kItems);
}

TEST_F(ControlServerTest, PassesOnDecisionsAndInjections) {  // HOLD-6
  port.hold(held_text(1, 2));
  auto ada = client();
  EXPECT_EQ(ask(ada, release({1, 2})), "answer ok '' ''");
  EXPECT_EQ(ask(ada, release({1, 2})), "answer late 'Ada' 'it is decided'");
  auto review = test::full_review();
  EXPECT_EQ(ask(ada, Decide{review}), "answer late '' 'it is decided'");
  ASSERT_EQ(port.reviews().size(), 3U);
  EXPECT_EQ(test::told(Decide{port.reviews()[2]}), test::told(Decide{review}));

  EXPECT_EQ(ask(ada, Inject{{1, ws::Direction::receive, 2, test::bytes("x"), {}, ""}}), "answer ok '' ''");
  ASSERT_EQ(port.injected().size(), 1U);
  EXPECT_EQ(test::told(Inject{port.injected()[0]}), "inject 1 receive 2 78 none 'Ada'");
}

TEST_F(ControlServerTest, TellsOfFlowsAndStats) {
  port.open_flows = {{.id = 7, .url = "ws://x", .held = 2}};
  auto ada = client();
  EXPECT_THAT(ask(ada, ListFlows{}), StartsWith("flows\n  7 'ws://x'"));
  EXPECT_THAT(ask(ada, AskStats{}), StartsWith("stats 5 0"));
}

// Whether a file may be taken is the proxy's to say: a client cannot say anything of rules (SAFE-6).
TEST_F(ControlServerTest, LetsTheProxyJudgeRules) {
  auto ada = client();
  EXPECT_EQ(ask(ada, AskRules{}), "rules '/rules.toml' 3 [\"hold:a\"] ''");
  EXPECT_EQ(ask(ada, AskRules{true}),
            "rules '/rules.toml' 3 [\"hold:a\"] 'safety:no-drop-table would be gone'");
}

TEST_F(ControlServerTest, WatchersSeeItemsComeAndGo) {  // HOLD-6
  port.hold(held_text(1, 2));
  auto ada = client();
  ASSERT_TRUE(ada.send(Watch{}));
  EXPECT_EQ(next(ada), "0: held " + test::told(*held_text(1, 2)));
  EXPECT_EQ(next(ada), "2: caught");
  port.hold(held_text(1, 3));
  EXPECT_EQ(next(ada), "0: held " + test::told(*held_text(1, 3)));
  port.settle({1, 2});
  EXPECT_EQ(next(ada), "0: settled 1:2 'release' 'timeout'");
  EXPECT_THAT(ask(ada, Watch{}), HasSubstr("watches already"));
}

TEST_F(ControlServerTest, TheFirstOfTwoReviewersWins) {  // HOLD-7
  port.hold(held_text(1, 2));
  auto ada = client("Ada"), grace = client("Grace");
  ASSERT_TRUE(ada.send(Watch{}) && grace.send(Watch{}));
  for (auto* reviewer : {&ada, &grace}) {
    EXPECT_THAT(next(*reviewer), StartsWith("0: held 1:2"));
    EXPECT_EQ(next(*reviewer), "2: caught");
  }
  EXPECT_EQ(ask(grace, release({1, 2})), "answer ok '' ''");
  EXPECT_EQ(ask(ada, release({1, 2})), "answer late 'Grace' 'it is decided'");
  for (auto* reviewer : {&ada, &grace}) EXPECT_EQ(next(*reviewer), "0: settled 1:2 'release' 'Grace'");
}

TEST_F(ControlServerTest, NamesReviewers) {
  auto ada = client(), nameless = client("");
  ask(ada, release({1, 2}));
  ask(ada, release({1, 2}, "Ada's editor"));
  ask(nameless, release({1, 2}));
  ASSERT_EQ(port.reviews().size(), 3U);
  EXPECT_EQ(port.reviews()[0].by, "Ada");
  EXPECT_EQ(port.reviews()[1].by, "Ada's editor");
  EXPECT_EQ(port.reviews()[2].by, "reviewer");
  for (const auto& bad : {std::string("a\nb"), std::string(65, 'x'), std::string("\xff")}) {
    EXPECT_THAT(ask(ada, release({1, 2}, bad)), HasSubstr("a name is text of at most 64 bytes"));
    EXPECT_THAT(Client::connect(path, test::kControlCodec, bad).error().text(), HasSubstr("a name is text"));
  }
  EXPECT_EQ(port.reviews().size(), 3U);
}

TEST_F(ControlServerTest, AnswersComeAsTheyAreReady) {
  port.keep_reviews(true);
  auto ada = client();
  ASSERT_TRUE(ada.send(release({1, 2})));
  ASSERT_TRUE(ada.send(release({1, 3})));
  EXPECT_THAT(ask(ada, AskStats{}), StartsWith("stats"));
  port.answer_kept();
  EXPECT_THAT(next(ada), StartsWith("2: answer late"));
  EXPECT_THAT(next(ada), StartsWith("3: answer late"));
  EXPECT_EQ(port.reviews()[0].id, (pipeline::HeldId{1, 2})) << "requests are served in their order";
}

TEST_F(ControlServerTest, AnswersWhoeverSaysNoMore) {
  port.keep_reviews(true);
  test::RawControlClient raw(path);
  raw.say(1, Hello{});
  raw.say(2, release({1, 2}));
  raw.say(3, AskStats{});
  raw.end_input();
  EXPECT_THAT(raw.next(), StartsWith("1: welcome"));
  EXPECT_THAT(raw.next(), StartsWith("3: stats"));
  ASSERT_TRUE(test::eventually([&] { return port.kept() == 1; }));
  port.answer_kept();
  EXPECT_THAT(raw.next(), StartsWith("2: answer"));
  EXPECT_EQ(raw.next(), "end");
}

TEST_F(ControlServerTest, RequestsOfLaterVersionsAreRefusedOneByOne) {
  auto ada = client();
  EXPECT_EQ(ask(ada, Unknown{}), "refused: wstap 1.2.3 does not know this request");
  EXPECT_EQ(ask(ada, Hello{}), "refused: there was a hello already");
  EXPECT_THAT(ask(ada, AskStats{}), StartsWith("stats"));
}

TEST_F(ControlServerTest, LeavesASocketThatIsInUse) {  // HOLD-6
  {
    Server second(options(), port, test::kControlCodec, log);
    const auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::address_in_use);
    EXPECT_THAT(started.error().text(), HasSubstr(path));
  }
  EXPECT_TRUE(Client::connect(path, test::kControlCodec, "Ada"));
}

TEST_F(ControlServerTest, StopsWhileSessionsAreOpen) {  // HOLD-7
  port.keep_reviews(true);
  auto idle = client(), watching = client(), asking = client();
  ASSERT_TRUE(watching.send(Watch{}));
  EXPECT_EQ(next(watching), "2: caught");
  ASSERT_TRUE(asking.send(release({1, 2})));
  const test::RawControlClient silent(path);
  ASSERT_TRUE(test::eventually([&] { return port.kept() == 1; }));
  port.hold(held_text(1, 3));
  server->stop();
  server->stop();
  EXPECT_EQ(port.watchers(), 0U);
  EXPECT_EQ(probe_socket(path), SocketState::none);
  server.reset();
  port.answer_kept();
  for (auto* each : {&idle, &asking}) EXPECT_THAT(next(*each), StartsWith("connection closed early"));
}

}  // namespace
}  // namespace wstap::control
