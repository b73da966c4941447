# SPDX-License-Identifier: Apache-2.0
"""Frames from one raw socket to another: what arrives, and that the capture holds the very bytes that were sent."""
import unittest

from frame_bytes import BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, close, frame, header, masked
from raw_peers import in_background, open_websocket, WAIT
from wstap_testing import TestCase, everything, frames, names

LIMIT = 16 << 20  # LIM-1
BOTH_MODES = ("reencode", "verbatim")


class Relayed(TestCase):
    def open(self, *args, **upgrade):
        self.tap = self.proxy(*args)
        self.client, self.server = open_websocket(self.tap, self.listener(), **upgrade)
        self.enterContext(self.client)

    def pass_on(self, direction, *sent):
        """Sends frames one way. @return the frames that arrive."""
        sender, receiver = (self.client, self.server) if direction == "send" else (self.server, self.client)
        done = in_background(lambda: sender.send(*sent))
        arrived = [receiver.frame() for _ in sent]
        done.result(WAIT)
        return arrived

    def close_both_ways(self):
        """Ends the flow in order. @return it as recorded."""
        self.pass_on("send", close(1000, mask=MASK))
        self.pass_on("receive", close(1000))
        self.server.close()
        self.client.close()
        return self.tap.flow()

    def recorded(self, direction=None):
        self.assertEqual(self.tap.stop(), 0)
        return frames(self.tap.capture, direction)


class EveryFrame(Relayed):
    # FRM-1, FRM-2, SEQ-1
    def test_is_recorded_with_the_bytes_that_were_sent(self):
        for mode in BOTH_MODES:
            with self.subTest(mode):
                self.open("--forward", mode)
                sent = [masked(TEXT, "grüße".encode(), mask=bytes([1, 2, 3, n])) for n in range(9)]
                replies = [frame(BINARY, bytes(range(256))), frame(PING, b"p"), frame(TEXT, b"")]
                arrived = self.pass_on("send", *sent)
                back = self.pass_on("receive", *replies)
                self.assertEqual({f.payload for f in arrived}, {"grüße".encode()})
                self.assertEqual([f.raw for f in back], replies)
                self.close_both_ways()
                recorded = self.recorded()
                self.assertEqual([r["raw"] for r in recorded if r["dir"] == "send"][:-1], sent)
                self.assertEqual([r["raw"] for r in recorded if r["dir"] == "receive"][:-1], replies)
                self.assertEqual(sorted(r["seq"] for r in recorded), list(range(2, 2 + len(recorded))))
                self.assertEqual({r["verdict"] for r in recorded}, {"forwarded"})
                self.assertEqual(recorded[0]["mask"], "01020300")

    # SEQ-1: one counter for both directions, in the order of arrival
    def test_draws_its_number_from_one_counter(self):
        self.open()
        for _ in range(3):
            self.pass_on("send", masked(PING, b"a"))
            self.pass_on("receive", frame(PONG, b"a"))
        self.assertEqual([(r["seq"], r["dir"]) for r in self.tap.frames(6)],
                         [(n, "send" if n % 2 == 0 else "receive") for n in range(2, 8)])

    # FRM-2: lengths at every border of the header's forms
    def test_arrives_whole_whatever_its_length(self):
        self.open()
        for length in (0, 1, 125, 126, 127, 65535, 65536, 1 << 20):
            for direction, write in (("send", masked), ("receive", frame)):
                payload = bytes(length)
                arrived, = self.pass_on(direction, write(BINARY, payload))
                self.assertEqual(arrived.payload, payload)
                self.assertEqual(len(arrived.raw), len(write(BINARY, payload)))
        sizes = [r["length"] for r in self.tap.frames(8, "send")]
        self.assertEqual(sizes, [0, 1, 125, 126, 127, 65535, 65536, 1 << 20])

    # FRM-1: a byte at a time makes the same frames
    def test_may_come_in_pieces(self):
        self.open()
        whole = masked(TEXT, b"in pieces") + masked(BINARY, bytes(130))
        for byte in whole:
            self.client.send(bytes([byte]))
        self.assertEqual(self.server.frame().payload, b"in pieces")
        self.assertEqual(self.server.frame().payload, bytes(130))
        self.assertEqual(b"".join(r["raw"] for r in self.tap.frames(2)), whole)

    # FRM-6: a mask of its own on every frame to the server, none to the client; verbatim keeps what came
    def test_is_masked_anew_towards_the_server_only(self):
        self.open()
        arrived = self.pass_on("send", *[masked(TEXT, b"same") for _ in range(200)])
        masks = {f.mask for f in arrived}
        self.assertEqual(len(masks), 200)
        self.assertNotIn(MASK, masks)
        back, = self.pass_on("receive", frame(TEXT, b"plain"))
        self.assertIsNone(back.mask)
        self.open("--forward", "verbatim")
        sent = [masked(TEXT, b"same"), masked(TEXT, b"other", mask=bytes(4))]
        self.assertEqual([f.raw for f in self.pass_on("send", *sent)], sent)

    # FRM-1: Ping and Pong are the peers' business
    def test_is_never_answered_by_wstap(self):
        self.open()
        self.pass_on("send", masked(PING, b"for the server"))
        self.pass_on("receive", frame(PING, b"for the client"))
        # The next thing each side gets is what the other one said, not a Pong.
        self.assertEqual(self.pass_on("receive", frame(TEXT, b"first"))[0].payload, b"first")
        self.assertEqual(self.pass_on("send", masked(TEXT, b"second"))[0].payload, b"second")
        self.close_both_ways()
        self.assertEqual([r["opcode"] for r in self.recorded()],
                         ["ping", "ping", "text", "text", "close", "close"])


class LargestFrame(Relayed):
    # LIM-1, FRM-2
    def test_of_16_mib_passes_both_ways(self):
        self.open()
        payload = bytes(range(256)) * (LIMIT // 256)
        for direction, write in (("send", masked), ("receive", frame)):
            self.assertEqual(self.pass_on(direction, write(BINARY, payload))[0].payload, payload)
        self.close_both_ways()
        self.assertEqual([r["raw"] for r in self.recorded()[:2]],
                         [masked(BINARY, payload), frame(BINARY, payload)])

    # LIM-1, FRM-4: refused on the header, before the payload comes
    def test_and_one_byte_more_ends_the_flow(self):
        for direction in ("send", "receive"):
            with self.subTest(direction):
                self.open()
                offender, other = (self.client, self.server) if direction == "send" else (self.server, self.client)
                mask = MASK if direction == "send" else None
                self.pass_on(direction, frame(TEXT, b"before", mask=mask))
                too_long = header(BINARY, LIMIT + 1, mask=mask)
                offender.send(too_long)
                self.assertEqual(offender.frame().close_code, 1009)
                self.assertEqual(other.frame().close_code, 1001)
                for peer in (offender, other):
                    peer.finish()
                    self.assertEqual(peer.rest(), b"")
                flow = self.tap.flow()
                self.assertEqual((flow["state"], flow["reason"], flow["close_code"]), ("error", "frame_too_big", 1009))
                self.assertIn(str(LIMIT + 1), flow["detail"])
                self.assertEqual(flow["offset"], len(frame(TEXT, b"before", mask=mask)))
                self.assertIn("unfinished_b64", flow[direction])
                recorded = self.recorded()
                self.assertEqual([(r["opcode"], r["verdict"]) for r in recorded],
                                 [("text", "forwarded"), ("close", "synthetic"), ("close", "synthetic")])
                self.assertEqual({r["dir"]: r["close_code"] for r in recorded[1:]},
                                 {direction: 1001, {"send": "receive", "receive": "send"}[direction]: 1009})


class Fragments(Relayed):
    # FRAG-1, FRM-1: each fragment a frame of its own, control frames between them where they were
    def test_stay_apart_and_know_their_message(self):
        self.open()
        sent = [masked(TEXT, b"one ", fin=False), masked(PING, b"!"), masked(CONTINUATION, b"two ", fin=False),
                masked(CONTINUATION, b"", fin=False), masked(PONG), masked(CONTINUATION, b"three"),
                masked(TEXT, b"whole")]
        arrived = self.pass_on("send", *sent)
        self.assertEqual([(f.opcode, f.fin, f.payload) for f in arrived],
                         [(TEXT, False, b"one "), (PING, True, b"!"), (CONTINUATION, False, b"two "),
                          (CONTINUATION, False, b""), (PONG, True, b""), (CONTINUATION, True, b"three"),
                          (TEXT, True, b"whole")])
        self.close_both_ways()
        recorded = self.recorded("send")[:-1]
        self.assertEqual([r["raw"] for r in recorded], sent)
        self.assertEqual([r.get("message") for r in recorded], [2, None, 2, 2, None, 2, None])
        self.assertEqual(recorded[2]["payload"], "two ")  # FRM-3: a text's fragments are text

    # FRM-3: a character may be cut in two
    def test_of_a_text_may_cut_a_character(self):
        self.open()
        whole = "ü".encode()
        arrived = self.pass_on("receive", frame(TEXT, whole[:1], fin=False), frame(CONTINUATION, whole[1:]))
        self.assertEqual(b"".join(f.payload for f in arrived), whole)
        self.assertEqual([names(r) for r in self.tap.frames(2)], [[], []])


ANOMALIES = (  # FRM-5: name, how it travels, frames, index of the frame that has it
    ("unmasked_from_client", "send", (frame(TEXT, b"bare"),), 0),
    ("masked_from_server", "receive", (masked(TEXT, b"dressed"),), 0),
    ("reserved_opcode", "send", (masked(3, b"what"),), 0),
    ("reserved_opcode", "receive", (frame(0xb, b"what"),), 0),
    ("rsv_without_extension", "send", (masked(TEXT, b"rsv1", rsv=4),), 0),
    ("rsv_without_extension", "receive", (frame(BINARY, b"rsv2", rsv=2),), 0),
    ("rsv_without_extension", "receive", (frame(BINARY, b"rsv3", rsv=1),), 0),
    ("stray_continuation", "send", (masked(CONTINUATION, b"of what"),), 0),
    ("data_inside_message", "send",
     (masked(TEXT, b"begun", fin=False), masked(BINARY, b"another"), masked(CONTINUATION, b"end")), 1),
    ("non_minimal_length", "send", (masked(TEXT, b"short", length_bytes=2),), 0),
    ("non_minimal_length", "receive", (frame(TEXT, b"shorter", length_bytes=8),), 0),
    ("text_not_utf8", "send", (masked(TEXT, b"\xff\xfe"),), 0),
    ("text_not_utf8", "receive", (frame(TEXT, b"ok \xc3", fin=False), frame(CONTINUATION, b"(")), 1),
    ("close_reason_not_utf8", "send", (close(1000, b"\xc0\x80", mask=MASK),), 0),
    ("close_payload_of_one_byte", "receive", (frame(CLOSE, b"\x03"),), 0),
    ("forbidden_close_code", "send", (close(1005, mask=MASK),), 0),
    ("forbidden_close_code", "receive", (close(999),), 0),
)


class Anomalies(Relayed):
    # FRM-5, FRM-6: forwarded and recorded, by name and section; verbatim with the very bytes
    def test_are_forwarded_and_listed(self):
        for mode in BOTH_MODES:
            for name, direction, sent, at in ANOMALIES:
                with self.subTest(f"{name} {direction} {mode}"):
                    self.open("--forward", mode)
                    arrived = self.pass_on(direction, *sent)
                    recorded = self.tap.frames(len(sent))
                    self.assertEqual([r["raw"] for r in recorded], list(sent))
                    self.assertEqual(names(recorded[at]), [name])
                    self.assertRegex(recorded[at]["anomalies"][0]["section"], r"^RFC (6455|7692) \d")
                    if mode == "verbatim":
                        self.assertEqual([f.raw for f in arrived], list(sent))
                    else:
                        self.assert_written_anew(direction, arrived)
                    self.client.close()
                    self.server.close()
                    self.tap.flow()
                    self.tap.stop()

    # FRM-6
    def assert_written_anew(self, direction, arrived):
        for f in arrived:
            self.assertEqual(f.rsv, 0)
            self.assertEqual(f.mask is not None, direction == "send")
            self.assertEqual(len(f.raw), len(frame(f.opcode, f.payload, mask=f.mask)))

    # FRM-6, FLOW-3: losing an RSV bit is a change, and both versions are kept
    def test_of_rsv_bits_are_taken_off_and_said_so(self):
        self.open()
        sent = frame(TEXT, b"marked", rsv=3)
        arrived, = self.pass_on("receive", sent)
        self.assertEqual(arrived.raw, frame(TEXT, b"marked"))
        recorded, = self.tap.frames(1)
        self.assertEqual((recorded["rsv"], recorded["verdict"], recorded["cause"]), (3, "changed", "reencode"))
        self.assertEqual((recorded["raw"], recorded["sent"]), (sent, arrived.raw))

    # FRM-5: with permessage-deflate, RSV1 has its places
    def test_of_rsv1_where_a_message_does_not_begin(self):
        deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        self.open(extra=deflate, agree=deflate)
        sent = (masked(TEXT, b"\x4a\x04", fin=False, rsv=4), masked(PING, b"", rsv=4),
                masked(CONTINUATION, b"\x00", rsv=4))
        arrived = self.pass_on("send", *sent)
        self.assertEqual([f.rsv for f in arrived], [4, 0, 0])
        self.assertEqual([names(r) for r in self.tap.frames(3)],
                         [[], ["rsv1_on_control"], ["rsv1_on_continuation"]])

    # FRM-5: --on-anomaly close, with the code of the fault
    def test_end_the_flow_when_asked_to(self):
        for name, direction, sent, at in ANOMALIES:
            if sent[at][0] & 15 == CLOSE:
                continue  # its sender has closed already
            with self.subTest(f"{name} {direction}"):
                self.open("--on-anomaly", "close")
                offender, other = (self.client, self.server) if direction == "send" else (self.server, self.client)
                offender.send(*sent)
                for _ in sent[:at]:
                    other.frame()
                self.assertEqual(offender.frame().close_code, 1007 if "utf8" in name else 1002)
                self.assertEqual(other.frame().close_code, 1001)
                offender.finish()
                other.finish()
                flow = self.tap.flow()
                self.assertEqual((flow["state"], flow["reason"]), ("error", name))
                recorded = self.recorded(direction)[at]
                self.assertEqual((recorded["verdict"], recorded["cause"]), ("dropped", "on_anomaly"))
                self.assertEqual(recorded["raw"], sent[at])


class Unframable(Relayed):
    # FRM-4: what cannot be framed: the offender is told 1002, the other 1001, and what came before arrived
    def test_ends_the_flow_and_both_are_told(self):
        faults = (("length_top_bit", header(BINARY, 1 << 63, mask=MASK), 1002),
                  ("control_too_long", masked(PING, bytes(126)), 1002),
                  ("fragmented_control", masked(PING, b"part", fin=False), 1002))
        for name, bad, code in faults:
            with self.subTest(name):
                self.open()
                self.client.send(masked(TEXT, b"before"), bad)
                self.assertEqual(self.server.frame().payload, b"before")
                self.assertEqual(self.client.frame().close_code, code)
                self.assertEqual(self.server.frame().close_code, 1001)
                self.client.finish()
                self.server.finish()
                flow = self.tap.flow()
                self.assertEqual((flow["state"], flow["reason"], flow["close_code"]), ("error", name, code))
                self.assertEqual(flow["offset"], len(masked(TEXT, b"before")))

    # FRM-4: in verbatim mode the peers may make of overlong and fragmented control frames what they like
    def test_control_frames_pass_verbatim(self):
        self.open("--forward", "verbatim")
        sent = [masked(PING, bytes(200)), masked(PONG, b"part", fin=False)]
        self.assertEqual([f.raw for f in self.pass_on("send", *sent)], sent)
        self.assertEqual([names(r) for r in self.tap.frames(2)], [["control_too_long"], ["fragmented_control"]])


class Messages(Relayed):
    # LIM-2: counted as its bytes come
    def test_over_the_limit_are_marked_and_pass(self):
        self.open("--max-message", "1000")
        sent = [masked(BINARY, bytes(600), fin=False), masked(CONTINUATION, bytes(600), fin=False),
                masked(CONTINUATION, bytes(600))]
        self.assertEqual(sum(len(f.payload) for f in self.pass_on("send", *sent)), 1800)
        self.assertEqual(self.close_both_ways()["state"], "complete")
        notes = [r["text"] for r in everything(self.tap.capture) if r["type"] == "note"]
        self.assertEqual(len(notes), 1)
        self.assertIn("message_limited", notes[0])

    # LIM-2
    def test_over_the_limit_end_the_flow_when_asked_to(self):
        self.open("--max-message", "1000", "--on-message-limit", "close")
        self.server.send(frame(BINARY, bytes(600), fin=False), frame(CONTINUATION, bytes(600)))
        self.assertEqual(self.client.frame().payload, bytes(600))
        self.assertEqual(self.server.frame().close_code, 1009)
        self.assertEqual(self.client.frame().close_code, 1001)
        self.client.finish()
        self.server.finish()
        flow = self.tap.flow()
        self.assertEqual((flow["state"], flow["reason"]), ("error", "message_too_big"))

    # UPG-4, FRM-6: an extension nobody knows: every byte as it came, and a note
    def test_of_an_unknown_extension_pass_verbatim(self):
        agreed = "Sec-WebSocket-Extensions: x-secret\r\n"
        self.open(extra=agreed, agree=agreed)
        sent = [masked(TEXT, b"\x01", rsv=7), masked(5, b"opcode")]
        self.assertEqual([f.raw for f in self.pass_on("send", *sent)], sent)
        self.close_both_ways()
        notes = [r["text"] for r in everything(self.tap.capture) if r["type"] == "note"]
        self.assertTrue(any("unknown_extension" in text for text in notes), notes)


if __name__ == "__main__":
    unittest.main()
