# SPDX-License-Identifier: Apache-2.0
"""How flows end (FRM-7, FRM-8): every order of Close, end of stream, reset, silence and signals."""
import signal
import time
import unittest

from frame_bytes import BINARY, CLOSE, CONTINUATION, MASK, TEXT, close, frame, masked
from raw_peers import WAIT, in_background, open_websocket
from wstap_testing import TestCase, everything, frames, names

AT_ONCE = 2  # seconds: what takes longer has waited for something else


class Ending(TestCase):
    def open(self, *args, **upgrade):
        self.tap = self.proxy(*args)
        self.client, self.server = open_websocket(self.tap, self.listener(), **upgrade)
        self.enterContext(self.client)

    def close_from_client(self, code=1000, reason=b""):
        self.client.send(close(code, reason, mask=MASK))
        return self.server.frame()

    def assert_flow(self, **facts):
        flow = self.tap.flow()
        self.assertEqual({name: flow.get(name) for name in facts}, facts)
        return flow

    def verdicts(self):
        return [(r["dir"], r["opcode"], r["verdict"]) for r in frames(self.tap.capture)]


class InOrder(Ending):
    # FRM-7: Close both ways; the code and the reason are those of whoever began
    def test_close_from_the_client(self):
        self.open()
        self.assertEqual(self.close_from_client(3001, "tschüß".encode()).payload[2:].decode(), "tschüß")
        self.server.send(close(1000))
        self.assertEqual(self.client.frame().close_code, 1000)
        self.server.close()
        self.assertEqual(self.client.ending(), "eof")
        self.client.close()
        self.assert_flow(state="complete", began="client", close_code=3001, close_reason="tschüß", notes=None)

    # FRM-7
    def test_close_from_the_server(self):
        self.open()
        self.server.send(close(4000, b"over"))
        self.assertEqual(self.client.frame().close_code, 4000)
        self.client.send(close(4000, mask=MASK))
        self.assertEqual(self.server.frame().close_code, 4000)
        self.client.finish()
        self.assertEqual(self.server.ending(), "eof")
        self.server.close()
        self.assert_flow(state="complete", began="server", close_code=4000, close_reason="over")

    # FRM-7: no payload is 1005
    def test_close_without_a_code(self):
        self.open()
        self.assertEqual(self.close_from_client(None).payload, b"")
        self.server.send(close())
        self.assertEqual(self.client.frame().raw, close())
        self.server.close()
        self.client.close()
        self.assert_flow(state="complete", close_code=1005)

    # FRM-7: Close one way, then the end of the stream
    def test_close_one_way_and_end_of_stream(self):
        self.open()
        self.close_from_client(1000)
        self.client.finish()
        self.assertEqual(self.server.ending(), "eof")
        self.server.close()
        self.assert_flow(state="complete", close_code=1000, began="client")

    # FRM-7: the close timer
    def test_close_that_nobody_answers(self):
        self.open("--close-timeout", "300ms")
        self.close_from_client(1000)
        self.assertEqual(self.client.ending(), "eof")
        self.assertEqual(self.server.ending(), "eof")
        self.assert_flow(state="complete", close_code=1000, notes=["close_unanswered"])

    # FRM-7: end of stream between frames, outside a message
    def test_end_of_stream_without_close(self):
        for ends, stays in (("client", "server"), ("server", "client")):
            with self.subTest(ends):
                self.open()
                getattr(self, ends).finish()
                self.assertEqual(getattr(self, stays).ending(), "eof")
                getattr(self, stays).close()
                self.assert_flow(state="complete", close_code=1006, began=ends, reason=None)
                self.assertEqual(self.verdicts(), [])

    # FRM-7, UPG-3: half-closed is not closed
    def test_half_closed_connection_carries_the_other_direction(self):
        self.open()
        self.client.send(masked(TEXT, b"last word"))
        self.client.finish()
        self.assertEqual(self.server.frame().payload, b"last word")
        self.assertEqual(self.server.ending(), "eof")
        for n in range(3):
            self.server.send(frame(TEXT, b"still here"))
            self.assertEqual(self.client.frame().payload, b"still here")
        self.server.send(close(1000))
        self.assertEqual(self.client.frame().close_code, 1000)
        self.server.close()
        self.assertEqual(self.client.ending(), "eof")
        self.assert_flow(state="complete", close_code=1000)

    # FRM-7, FRM-8: both ended in order is no reset, although much is still on its way to a slow receiver
    def test_both_end_while_the_receiver_reads_late(self):
        for talks in ("client", "server"):
            with self.subTest(talks):
                self.open()
                sender, receiver = (self.client, self.server) if talks == "client" else (self.server, self.client)
                receiver.finish()
                self.assertEqual(sender.ending(), "eof")
                whole = 400 * frame(BINARY, bytes(30000), mask=MASK if talks == "client" else None)
                told = in_background(lambda: (sender.send(whole), sender.finish()))
                self.assertEqual(self.read_slowly(receiver), len(whole))
                told.result(WAIT)
                self.assert_flow(state="complete", reason=None, close_code=1006)
                self.assertEqual(len(self.verdicts()), 400)

    def read_slowly(self, peer):
        """@return how many bytes came until the stream ended"""
        count = 0
        while part := peer.sock.recv(65536):
            count += len(part)
            time.sleep(0.003)
        return count

    # FRM-7: what follows a Close is recorded, and leaves in verbatim mode only
    def test_frames_after_close(self):
        late = masked(TEXT, b"one more thing")
        self.open()
        self.client.send(close(1000, mask=MASK), late)
        self.assertEqual(self.server.frame().close_code, 1000)
        self.server.send(close(1000))
        self.client.frame()
        self.client.finish()
        self.assertEqual(self.server.rest(), b"")
        self.server.close()
        self.assert_flow(state="complete")
        recorded = [r for r in frames(self.tap.capture) if r["opcode"] == "text"]
        self.assertEqual([(r["raw"], r["verdict"], names(r)) for r in recorded],
                         [(late, "dropped", ["after_close"])])

        self.open("--forward", "verbatim")
        self.client.send(close(1000, mask=MASK), late)
        self.assertEqual([self.server.frame().opcode, self.server.frame().raw], [CLOSE, late])
        self.assertEqual([names(r) for r in self.tap.frames(2)], [[], ["after_close"]])


class CutShort(Ending):
    # FRM-4, FRM-7: end of stream inside a frame
    def test_end_of_stream_inside_a_frame(self):
        for direction in ("send", "receive"):
            with self.subTest(direction):
                self.open()
                sender, other = (self.client, self.server) if direction == "send" else (self.server, self.client)
                sender.send(frame(BINARY, bytes(100), mask=MASK if direction == "send" else None)[:60])
                sender.finish()
                self.assertEqual(sender.frame().close_code, 1002)
                self.assertEqual(other.frame().close_code, 1001)
                self.assertEqual(other.ending(), "eof")
                other.close()
                flow = self.assert_flow(state="error", reason="aborted", detail="received=60", offset=0,
                                        began="client" if direction == "send" else "server")
                self.assertIn("unfinished_b64", flow[direction])
                self.assertEqual({v for _, _, v in self.verdicts()}, {"synthetic"})

    # FRM-7
    def test_end_of_stream_inside_a_message(self):
        self.open()
        self.client.send(masked(TEXT, b"to be", fin=False))
        self.client.finish()
        self.assertEqual(self.server.frame().payload, b"to be")
        self.assertEqual(self.server.frame().close_code, 1001)
        self.server.finish()
        self.assertEqual(self.client.frame().close_code, 1002)
        self.assert_flow(state="error", reason="message_unfinished")

    # FRM-7, FRM-8: a reset of either peer reaches the other one, and at once although nothing else happens
    def test_reset_while_idle(self):
        for resets, stays in (("client", "server"), ("server", "client")):
            with self.subTest(resets):
                self.open()
                began = time.monotonic()
                getattr(self, resets).reset()
                self.assertEqual(getattr(self, stays).ending(), "reset")
                self.assertLess(time.monotonic() - began, AT_ONCE)
                self.assert_flow(state="error", reason="reset", began=resets, close_code=1006)

    # FRM-8: also while wstap waits for a receiver that does not read
    def test_reset_while_the_receiver_does_not_read(self):
        for resets in ("server", "client"):
            with self.subTest(resets):
                self.open()
                self.flood(self.server)
                stays = self.client if resets == "server" else self.server
                began = time.monotonic()
                getattr(self, resets).reset()
                self.assertEqual(stays.ending(), "reset")
                self.assertLess(time.monotonic() - began, AT_ONCE)
                self.assert_flow(state="error", reason="reset", began=resets)

    def flood(self, sender):
        """Sends until nothing is taken any more: every buffer on the way is full."""
        chunk = b"".join(frame(BINARY, bytes(60000)) for _ in range(4))
        sender.sock.settimeout(0.5)
        try:
            while True:
                sender.sock.sendall(chunk)
        except TimeoutError:
            sender.sock.settimeout(30)

    # FRM-7: a reset before both Closes fails the flow, a reset after them changes nothing
    def test_reset_around_the_close(self):
        self.open()
        self.close_from_client()
        self.server.reset()
        self.assert_flow(state="error", reason="reset", began="client", close_code=1000)
        self.open()
        self.close_from_client()
        self.server.send(close(1000))
        self.client.frame()
        self.server.reset()
        self.client.reset()
        self.assert_flow(state="complete", reason=None, close_code=1000)

    # FRM-7, FRM-4: what came before an unfinished message was forwarded and recorded
    def test_what_came_before_the_reset_is_there(self):
        self.open()
        self.client.send(masked(TEXT, b"a", fin=False), masked(CONTINUATION, b"b", fin=False))
        self.assertEqual(self.server.frame().payload + self.server.frame().payload, b"ab")
        self.client.reset()
        self.assertEqual(self.server.ending(), "reset")
        self.assert_flow(state="error", reason="reset")
        self.assertEqual([v for _, _, v in self.verdicts()], ["forwarded", "forwarded"])


class OfTheProxy(Ending):
    # FRM-7, CLI-2: a signal says Close 1001 to both; drained is success
    def test_signal_closes_both_sides(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                self.open()
                self.tap.send_signal(number)
                for peer, mask in ((self.client, MASK), (self.server, None)):
                    self.assertEqual(peer.frame().close_code, 1001)
                    peer.send(close(1001, mask=mask))
                self.assertEqual(self.client.ending(), "eof")
                self.assertEqual(self.server.ending(), "eof")
                self.assertEqual(self.tap.wait(), 0)
                flow, = [r for r in everything(self.tap.capture) if r["type"] == "flow" and r["state"] != "active"]
                self.assertEqual((flow["state"], flow["reason"], flow["close_code"], flow["began"]),
                                 ("complete", "shutdown", 1001, "wstap"))
                self.assertEqual(sorted(self.verdicts()),
                                 sorted((d, "close", v) for d in ("send", "receive")
                                        for v in ("synthetic", "dropped")))

    # FRM-7: the farewell of a flow in the middle of a frame waits for nothing
    def test_signal_in_the_middle_of_a_frame(self):
        self.open()
        self.client.send(masked(BINARY, bytes(1000))[:500])
        self.tap.send_signal()
        self.assertEqual(self.server.frame().close_code, 1001)
        self.assertEqual(self.client.frame().close_code, 1001)
        self.client.close()
        self.server.close()
        self.assertEqual(self.tap.wait(), 0)

    # CLI-2: peers that do not end in time are unfinished work
    def test_peers_that_ignore_the_farewell(self):
        self.open()
        self.tap.send_signal()
        self.assertEqual(self.tap.wait(), 143)
        self.assertEqual(self.server.frame().close_code, 1001)

    # CLI-2: what peers left undone long ago is no part of how the proxy stops
    def test_peers_that_ignored_an_earlier_farewell(self):
        self.open("--max-frame", "100")
        self.client.send(masked(BINARY, bytes(200)))
        self.assertEqual(self.client.frame().close_code, 1009)
        self.assertEqual(self.tap.flow()["reason"], "frame_too_big")  # when the time for it is over
        self.assertEqual(self.tap.stop(), 0)

    # CLI-2: a second signal ends it at once
    def test_second_signal(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number.name):
                self.open()
                self.tap.send_signal(number)
                self.assertEqual(self.client.frame().close_code, 1001)
                self.tap.send_signal(number)
                began = time.monotonic()
                self.assertEqual(self.tap.wait(), status)
                self.assertLess(time.monotonic() - began, AT_ONCE)

    # CLI-2: nothing to do, nothing to wait for
    def test_idle_proxy_ends_at_once(self):
        tap = self.proxy()
        with self.connect(tap.address):  # a client that says nothing does not hold it up
            self.assertEqual(tap.stop(signal.SIGINT), 0)

    # LIM-4: --idle-timeout
    def test_silent_flow_when_silence_is_limited(self):
        self.open("--idle-timeout", "200ms")
        self.assertEqual(self.client.frame().close_code, 1001)
        self.assertEqual(self.server.frame().close_code, 1001)
        self.client.close()
        self.server.close()
        self.assert_flow(state="error", reason="idle_timeout", began="wstap")


if __name__ == "__main__":
    unittest.main()
