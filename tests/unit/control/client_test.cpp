// SPDX-License-Identifier: Apache-2.0
// What a client says of proxies that are not there, or none (HOLD-6).
#include "libcore/control/client.h"

#include <gmock/gmock.h>

#include "libcore/control/errors.h"
#include "tests/support/control_peers.h"

namespace wstap::control {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ControlClientTest : public test::ControlServing {
 protected:
  Error connect_error(std::chrono::milliseconds timeout = std::chrono::seconds(30)) const {
    auto connected = Client::connect(path, test::kControlCodec, "Ada", timeout);
    return connected ? Error{} : connected.error();
  }
  /// What a client makes of a proxy that answers its hello with `bytes`, and hangs up.
  Error error_of_answer(Bytes bytes) const {
    auto file = Socket::open(path).value();
    const Descriptor listener = file.take();
    std::jthread peer([&] { (void)answer_hello(listener, bytes); });
    return connect_error();
  }
  static Descriptor answer_hello(const Descriptor& listener, Bytes bytes) {
    pollfd state{.fd = listener.get(), .events = POLLIN, .revents = 0};
    ::poll(&state, 1, 30'000);
    Descriptor socket(::accept(listener.get(), nullptr, nullptr));
    Buffer hello(1024);
    ::recv(socket.get(), hello.data(), hello.size(), 0);
    ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return socket;
  }
};

TEST_F(ControlClientTest, SaysThatThereIsNoProxy) {
  const auto error = connect_error();
  EXPECT_EQ(error.code, std::errc::no_such_file_or_directory);
  EXPECT_THAT(error.text(),
              EndsWith("7.sock (no proxy has its control socket there: see --control of the proxy)"));
}

TEST_F(ControlClientTest, SaysThatTheProxyIsGone) {
  auto file = Socket::open(path).value();
  {
    const Descriptor listener = file.take();
  }
  const auto error = connect_error();
  EXPECT_EQ(error.code, Errc::connect_failed);
  EXPECT_THAT(error.text(), EndsWith("7.sock (the proxy that made it is gone: start one, or name another)"));
}

TEST_F(ControlClientTest, SaysThatThePathIsTooLong) {
  const auto connected = Client::connect(std::string(300, 'x'), test::kControlCodec, "Ada");
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, std::errc::filename_too_long);
}

TEST_F(ControlClientTest, SaysThatItIsNotWhatItSeems) {
  EXPECT_EQ(error_of_answer({}).code, Errc::peer_closed);
  EXPECT_EQ(error_of_answer(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n")).code, Errc::protocol);
  EXPECT_EQ(error_of_answer(test::kControlCodec.encode(Reply{1, Caught{}})).code, Errc::protocol);
  const auto later = error_of_answer(test::kControlCodec.encode(Reply{1, Welcome{2, 1, "wstap 9"}}));
  EXPECT_EQ(later.code, Errc::other_version);
  EXPECT_THAT(later.text(), HasSubstr("wstap 9 speaks version 2, this wstap version 1"));
  const auto refused = error_of_answer(test::kControlCodec.encode(Reply{0, Refusal{"not you"}}));
  EXPECT_EQ(refused.code, Errc::refused);
  EXPECT_THAT(refused.text(), HasSubstr("not you"));
}

TEST_F(ControlClientTest, DoesNotWaitForever) {
  const auto file = Socket::open(path).value();
  EXPECT_EQ(connect_error(std::chrono::milliseconds(10)).code, Errc::timed_out);
}

TEST_F(ControlClientTest, SaysThatTheProxyHasEnded) {
  serve(options());
  auto ada = client();
  server->stop();
  EXPECT_EQ(ada.receive(std::chrono::seconds(30)).error().code, Errc::peer_closed);
  const auto asked = ada.ask(AskStats{});
  EXPECT_EQ(asked.error().code, Errc::peer_closed);
  EXPECT_THAT(asked.error().text(), HasSubstr("the proxy has ended"));
}

TEST_F(ControlClientTest, SaysThatTheProxyDoesNotAnswer) {
  auto file = Socket::open(path).value();
  const Descriptor listener = file.take();
  Descriptor proxy;
  const Buffer welcome = test::kControlCodec.encode(Reply{1, Welcome{kVersion, 1, "wstap"}});
  std::jthread greeting([&] { proxy = answer_hello(listener, welcome); });
  auto ada = Client::connect(path, test::kControlCodec, "Ada", std::chrono::seconds(30),
                             std::chrono::milliseconds(500));
  ASSERT_TRUE(ada) << ada.error().text();
  greeting.join();
  EXPECT_EQ(ada->patience_ms(), -1) << "nothing is asked";
  EXPECT_FALSE(ada->receive(std::chrono::milliseconds(1)).value());
  ASSERT_TRUE(ada->send(AskStats{}));
  ::poll(nullptr, 0, 600);
  const auto none_yet = ada->receive(std::chrono::milliseconds(0));
  ASSERT_TRUE(none_yet) << "nobody has waited: " << none_yet.error().text();
  const auto reply = ada->receive(std::chrono::minutes(5));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::timed_out);
  EXPECT_THAT(reply.error().text(), EndsWith("7.sock (the proxy does not answer)"));
}

TEST_F(ControlClientTest, KeepsEventsWhileItWaitsForAnAnswer) {
  serve(options());
  auto ada = client();
  EXPECT_FALSE(ada.receive(std::chrono::milliseconds(0)).value());
  ASSERT_TRUE(ada.send(Watch{}));
  port.hold(test::held_text(1, 2));
  EXPECT_EQ(ask(ada, release({1, 2})), "answer ok '' ''");
  std::set<std::string> events;
  for (std::string said; !said.starts_with("0: settled") && said != "silence";) {
    said = next(ada);
    events.insert(said.substr(0, 8));
    // An item that was settled before it could be told of is none of this client's.
    if (said == "2: caught" && port.items().empty() && !events.contains("0: held ")) break;
  }
  EXPECT_TRUE(events.contains("2: caugh"));
  EXPECT_FALSE(events.contains("silence"));
}

TEST_F(ControlClientTest, RefusesToSendWhatNoProxyTakes) {
  serve(options());
  auto ada = client();
  const auto sent = ada.send(Inject{{.payload = Buffer(kMaxRequestBytes)}});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, std::errc::message_size);
  EXPECT_EQ(ask(ada, Inject{{.payload = Buffer(kMaxRequestBytes - 4096)}}), "answer ok '' ''");
}

TEST_F(ControlClientTest, ReadsWhileItSends) {  // a proxy that waits for us to read does not wait forever
  serve(options());
  auto ada = client();
  port.hold(test::held_text(1, 2, std::string(1U << 20, 'x')));
  constexpr int kLists = 100;
  for (int i = 0; i < kLists; ++i) ASSERT_TRUE(ada.send(List{}));
  ASSERT_TRUE(ada.send(Inject{{.payload = Buffer(8U << 20)}}));
  for (int i = 0; i < kLists; ++i) EXPECT_THAT(next(ada), StartsWith(fmt::format("{}: items", i + 2)));
  EXPECT_THAT(next(ada), StartsWith("102: answer"));
}

}  // namespace
}  // namespace wstap::control
