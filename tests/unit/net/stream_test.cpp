// SPDX-License-Identifier: Apache-2.0
// Reading behind what is unread, writing until all is written, and deadlines over both.
#include "libcore/net/stream.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using net::IoStatus;

class StreamTest : public testing::Test {
 protected:
  asio::io_context io;
  PipePeer peer{io};
  net::Stream stream{peer.transport(), {}};
};

TEST_F(StreamTest, FillsBehindWhatIsUnread) {
  stream.unread = bytes("head");
  peer.send("tail");
  EXPECT_EQ(run(io, net::fill(stream)), IoStatus::ok);
  EXPECT_EQ(text(stream.unread), "headtail");
  stream.consume(6);
  EXPECT_EQ(text(stream.unread), "il");
}

TEST_F(StreamTest, FillsNoMoreThanAsked) {
  peer.send("abcdef");
  EXPECT_EQ(run(io, net::fill(stream, 4)), IoStatus::ok);
  EXPECT_EQ(text(stream.unread), "abcd");
  EXPECT_EQ(peer.unread(), 2U);
}

TEST_F(StreamTest, HoldsNoMemoryWhileItWaits) {
  Started<IoStatus> filling(io, net::fill(stream));
  settle(io);
  EXPECT_FALSE(filling.done());
  EXPECT_EQ(stream.unread.capacity(), 0U);
  peer.send("now");
  EXPECT_EQ(filling.result(), IoStatus::ok);
  EXPECT_EQ(text(stream.unread), "now");
}

TEST_F(StreamTest, KeepsWhatIsUnreadWhileItWaits) {
  stream.unread = bytes("kept");
  Started<IoStatus> filling(io, net::fill(stream));
  settle(io);
  EXPECT_EQ(text(stream.unread), "kept");
  peer.finish();
  EXPECT_EQ(filling.result(), IoStatus::eof);
  EXPECT_EQ(text(stream.unread), "kept");
}

TEST_F(StreamTest, TellsHowAStreamEnded) {
  for (const auto end : {IoStatus::eof, IoStatus::truncated, IoStatus::failed}) {
    PipePeer other(io);
    net::Stream ending{other.transport(), {}};
    other.send("last");
    end == IoStatus::failed ? other.reset() : other.finish(end);
    EXPECT_EQ(run(io, net::fill(ending)), IoStatus::ok);
    EXPECT_EQ(run(io, net::fill(ending)), end);
    EXPECT_EQ(text(ending.unread), "last");
  }
}

TEST_F(StreamTest, FailsOnceCancelled) {
  Started<IoStatus> filling(io, net::fill(stream));
  settle(io);
  stream.io->cancel();
  EXPECT_EQ(filling.result(), IoStatus::failed);
  peer.send("too late");
  EXPECT_EQ(run(io, net::fill(stream)), IoStatus::failed);
}

class WriteAll : public StreamTest, public testing::WithParamInterface<bool> {
 protected:
  PipePeer receiver{io};
  std::unique_ptr<net::Transport> to = receiver.transport(GetParam());
};

TEST_P(WriteAll, WaitsForTheReceiver) {
  const auto all = random_bytes(100'000, 1);
  receiver.set_window(777);
  Started<bool> writing(io, net::write_all(*to, all));
  Buffer got;
  for (settle(io); receiver.waiting() != 0; settle(io)) {
    EXPECT_FALSE(writing.done() && to->unsent() != 0);
    append(got, receiver.receive());
  }
  ASSERT_TRUE(writing.done());
  EXPECT_TRUE(writing.result());
  EXPECT_EQ(got, all);
}

TEST_P(WriteAll, IsNotDoneWhileTheTransportKeepsSome) {
  receiver.set_window(1);
  const auto two = bytes("ab");
  Started<bool> writing(io, net::write_all(*to, two));
  settle(io);
  EXPECT_FALSE(writing.done());
  receiver.receive();
  settle(io);
  EXPECT_TRUE(writing.result());
}

TEST_P(WriteAll, SaysWhenTheReceiverIsGone) {
  receiver.set_window(1);
  const auto two = bytes("ab");
  Started<bool> writing(io, net::write_all(*to, two));
  settle(io);
  receiver.reset();
  EXPECT_FALSE(writing.result());
}

TEST_P(WriteAll, EndsWhenCancelled) {
  receiver.set_window(1);
  const auto two = bytes("ab");
  Started<bool> writing(io, net::write_all(*to, two));
  settle(io);
  to->cancel();
  EXPECT_FALSE(writing.result());
}

INSTANTIATE_TEST_SUITE_P(To, WriteAll, testing::Bool(),
                         [](const auto& row) { return row.param ? "KeepingTransport" : "PlainTransport"; });

class WatchSpeech : public StreamTest {
 protected:
  void watch() {
    net::watch_speech(stream, [this](net::IoStatus status) {
      ++seen;
      last = status;
    });
    settle(io);
  }
  int seen = 0;
  std::optional<net::IoStatus> last;
};

TEST_F(WatchSpeech, FindsWhatWasSaidBefore) {
  stream.unread = bytes("220 ");
  peer.send("ready");
  watch();
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(last, net::IoStatus::ok);
  EXPECT_EQ(text(stream.unread), "220 ready");
}

TEST_F(WatchSpeech, HearsWhatIsSaidLater) {
  watch();
  EXPECT_EQ(seen, 0);
  peer.stir();
  settle(io);
  EXPECT_EQ(seen, 0) << "nothing was said";
  peer.send("hello");
  settle(io);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(text(stream.unread), "hello");
  peer.send("again");
  settle(io);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(peer.unread(), 5U);
}

TEST_F(WatchSpeech, HearsAnEnd) {
  watch();
  peer.finish();
  settle(io);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(last, net::IoStatus::eof);
  EXPECT_TRUE(stream.unread.empty());
}

TEST_F(WatchSpeech, HearsAReset) {
  watch();
  peer.reset();
  settle(io);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(last, net::IoStatus::failed);
}

TEST_F(WatchSpeech, StopsListening) {
  watch();
  stream.io->unwatch_readable();
  peer.send("unheard");
  settle(io);
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(peer.unread(), 7U);
}

asio::awaitable<bool> linger_on(net::Stream& stream) {
  co_await net::linger(stream);
  co_return true;
}

// The last words are followed by an end of sending; what the peer still sends is read, so that no reset
// overtakes them.
TEST_F(StreamTest, LingersUntilThePeerEnds) {
  stream.unread = bytes("unwanted");
  Started<bool> lingering(io, linger_on(stream));
  settle(io);
  EXPECT_TRUE(peer.saw_end());
  peer.send(random_bytes(100'000, 1));
  settle(io);
  EXPECT_EQ(peer.unread(), 0U);
  EXPECT_FALSE(lingering.done());
  peer.finish();
  settle(io);
  EXPECT_TRUE(lingering.done());
  EXPECT_FALSE(peer.saw_reset());
}

TEST_F(StreamTest, DoesNotLingerOnceCancelled) {
  stream.io->cancel();
  EXPECT_TRUE(run(io, linger_on(stream)));
  EXPECT_FALSE(peer.saw_end());
}

TEST_F(StreamTest, DeadlineCancelsTheTransport) {
  const net::Deadline deadline(io.get_executor(), *stream.io, 1ms);
  EXPECT_FALSE(deadline.passed());
  EXPECT_EQ(run(io, net::fill(stream)), IoStatus::failed);
  EXPECT_TRUE(deadline.passed());
  EXPECT_TRUE(peer.cancelled());
}

TEST_F(StreamTest, DeadlineThatIsGoneDoesNothing) {
  {
    const net::Deadline deadline(io.get_executor(), *stream.io, 1ms);
  }
  // Nothing is left to wait for: this returns when the timer has told its end.
  io.restart();
  io.run();
  EXPECT_FALSE(peer.cancelled());
}

// The timer may have run out, and not been heard yet, when the deadline goes, and its transport with it.
TEST_F(StreamTest, DeadlineMayRunOutUnheard) {
  auto deadline = std::make_unique<net::Deadline>(io.get_executor(), *stream.io, -1ms);
  deadline.reset();
  stream.io.reset();
  io.restart();
  EXPECT_NO_THROW(io.run());
  EXPECT_FALSE(peer.cancelled());
}

}  // namespace
}  // namespace wstap::test
