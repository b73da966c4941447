# SPDX-License-Identifier: Apache-2.0
"""INS-6: `wstap inspect -w OUT` writes what captures hold, or what a filter picks of it, as a new capture."""
import asyncio
import pathlib
import subprocess
import unittest
import zlib

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from altering import AlteringProxy, tagged
from command_line import wstap
from conversations import converse, messages
from extracts import Extracts, lines, shown
from frame_bytes import BINARY, CONTINUATION, PING, TEXT, masked
from raw_peers import WAIT, Listener, hang_up, open_websocket
from wstap_testing import SANITIZED, Proxy, inspect

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


class Sample(Extracts):
    def test_all_of_it(self):
        out = self.write(self.sample)
        for kind in ("frame", "flow", "connection", "note", "outcome"):
            with self.subTest(kind=kind):
                self.assertEqual(lines(out, kind=kind), lines(self.sample, kind=kind))
        for form in ("--flows", "--messages", "--lint", "--count"):
            with self.subTest(form=form):
                self.assertEqual(shown(out, form).replace("out.wstap", ""), shown(self.sample, form).replace(
                    str(self.sample), str(out)).replace("out.wstap", ""))

    def test_frames(self):
        for expression in ["send", "ping or pong", "not fin", "anomaly", "verdict != forwarded", "opcode == continuation",
                           "text contains \"hello\"", "compressed", "close.code == 1000", "seq > 4"]:
            with self.subTest(expression=expression):
                self.check(self.sample, expression).unlink()

    def test_a_continuation_is_of_its_message(self):
        out = self.write(self.sample, "-Y", "opcode == continuation")
        kept, = lines(out)
        self.assertEqual((kept["message"], kept.get("anomalies")), (4, None))
        self.assertEqual(len(lines(out, kind="gap")), 1)

    def test_flows_have_their_beginning_and_end(self):
        out = self.write(self.sample, "-Y", "ping")
        self.assertEqual(lines(out, kind="flow"), [f for f in lines(self.sample, kind="flow") if f["flow"] == 1])
        self.assertEqual(lines(out, kind="connection"), [])

    def test_whole_flows(self):
        # An expression that names nothing but flows.
        out = self.write(self.sample, "-Y", "flow == 2")
        self.assertEqual(lines(out), lines(self.sample, "-Y", "flow == 2"))
        self.assertEqual([f["flow"] for f in inspect(out, "--flows")], [2])
        out = self.write(self.sample, "-Y", "flow > 2", name="connections.wstap")
        self.assertEqual([(f["type"], f["flow"]) for f in inspect(out, "--flows")], [("connection", 3), ("connection", 4)])

    def test_messages(self):
        expression = "text contains \"fragment\""
        out = self.check(self.sample, expression, "--messages")
        self.assertEqual([f["seq"] for f in lines(out)], [4, 6])
        self.assertEqual(shown(out, "--messages"), shown(self.sample, "--messages", "-Y", expression))

    def test_nothing(self):
        out = self.write(self.sample, "-Y", "flow == 99")
        self.assertEqual(shown(out, "--count"), "0\n")

    def test_concatenated(self):
        # CAP-5
        out = self.write(self.sample, "-Y", "text and send")
        twice = self.directory / "twice.wstap"
        twice.write_bytes(out.read_bytes() * 2)
        once = [f for f in lines(out)]
        self.assertEqual([{**f, "flow": 0} for f in lines(twice)], [{**f, "flow": 0} for f in once * 2])

    def test_capnp_reads_it(self):
        # CAP-1
        out = self.write(self.sample, "-Y", "opcode == continuation")
        with open(out, "rb") as capture:
            decoded = subprocess.run(["capnp", "decode", "--short", ROOT / "formats/capture.capnp", "Record"], stdin=capture,
                                     capture_output=True, text=True, timeout=WAIT)
        self.assertEqual(decoded.returncode, 0, decoded.stderr)
        kinds = [line[1:].split(" ")[0] for line in decoded.stdout.splitlines()]
        self.assertEqual(kinds, ["header", "flowOpen", "gap", "burst", "flowClose"])


class Compressed(Extracts):
    def record(self, *agreement, proxy=Proxy, says=messages, count=40, factory_args=None):
        capture = self.directory / "session.wstap"
        client = ClientPerMessageDeflateFactory(client_max_window_bits=True, **(factory_args or {}))
        server = ServerPerMessageDeflateFactory(**(factory_args or {}))
        with proxy(*agreement, capture=capture) as running:
            asyncio.run(converse(running, list(says(count, 1)), list(says(count, 2)), client, server))
            running.flow(1)
        return capture

    def check_sessions(self, capture):
        everything = lines(capture)
        self.assertTrue(any(f["compressed"] for f in everything))
        odd = "seq in {" + ", ".join(str(n) for n in range(3, 400, 2)) + "}"
        expressions = (odd, "send and fin", "receive and not fin", "opcode == continuation", "text and length > 40", "seq > 50",
                       "payload.length > 100")
        for expression in expressions[::3] if SANITIZED else expressions:  # each starts a dozen programs
            with self.subTest(expression=expression):
                self.check(capture, expression).unlink()
        for expression in ("length > 30", "text contains \"frame mask\"", "not compressed"):
            with self.subTest(messages=expression):
                out = self.check(capture, expression, "--messages")
                self.assertEqual(shown(out, "--messages", "--json").replace(str(out), ""),
                                 shown(capture, "--messages", "--json", "-Y", expression).replace(str(capture), ""))
                out.unlink()

    def test_with_takeover(self):
        # DEF-3: every other message is not there, and what referred to it is readable.
        self.check_sessions(self.record())

    def test_without_takeover(self):
        capture = self.record(factory_args={"server_no_context_takeover": True, "client_no_context_takeover": True})
        self.check_sessions(capture)

    def test_altered(self):
        # What was sent instead comes along, and fates are settled.
        capture = self.record(proxy=AlteringProxy, says=tagged)
        self.check_sessions(capture)
        out = self.check(capture, "verdict == changed or verdict == dropped")
        self.assertEqual(lines(out, kind="outcome"), [])
        self.assertTrue(any("sent_b64" in f for f in lines(out)))

    def test_cut(self):
        # LIM-3
        self.check_sessions(self.record("--max-recorded-payload", "20"))

    def test_fragments_and_control_frames(self):
        compress = zlib.compressobj(wbits=-15)

        def pieces(text):
            data = (compress.compress(text) + compress.flush(zlib.Z_SYNC_FLUSH))[:-4]
            third = len(data) // 3
            return data[:third], data[third:2 * third], data[2 * third:]
        capture = self.directory / "session.wstap"
        with Proxy("-q", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener, extra=DEFLATE, agree=DEFLATE)
            with client:
                for number in range(6):
                    first, middle, last = pieces(b"one message, said again and again: %d" % number)
                    for raw in (masked(TEXT if number % 2 else BINARY, first, fin=False, rsv=4), masked(PING, b"between"),
                                masked(CONTINUATION, middle, fin=False), masked(CONTINUATION, last)):
                        client.send(raw)
                        server.frame()
                hang_up(client, server)
            proxy.flow(1)
        recorded = lines(capture)
        self.assertEqual(len(recorded), 24)
        for expression in ("opcode == continuation", "opcode == continuation and fin", "not fin", "ping", "seq > 8",
                           "seq in {2, 4, 9, 11..13, 16, 24, 25}", "text", "text contains \"again: 3\"", "binary or ping"):
            with self.subTest(expression=expression):
                self.check(capture, expression).unlink()
        out = self.check(capture, "text contains \"again: 3\"", "--messages")
        self.assertEqual([f["seq"] for f in lines(out)], [14, 16, 17])
        self.assertEqual(lines(out)[-1]["payload"], "one message, said again and again: 3")


class Interrupted(Extracts):
    # FRM-5: what is taken out without the message that came between is no message of its own.
    def test_messages_and_frames(self):
        capture = self.directory / "session.wstap"
        with Proxy("-q", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener)
            with client:
                for raw in (masked(TEXT, b"open", fin=False), masked(TEXT, b"new"), masked(CONTINUATION, b"end?")):
                    client.send(raw)
                    server.frame()
                hang_up(client, server)
            proxy.flow(1)
        out = self.check(capture, "text", "--messages")
        self.assertEqual([f["payload"] for f in lines(out)], ["open", "new"])
        out.unlink()
        for expression in ("text contains \"open\"", "seq in {2, 4}", "opcode == continuation", "anomaly"):
            with self.subTest(expression=expression):
                picked = "--messages", "-Y", expression
                self.assertEqual(shown(self.write(capture, *picked), "--messages"), shown(capture, *picked))
                (self.directory / "out.wstap").unlink()
                self.check(capture, expression).unlink()


class Fates(Extracts):
    def test_from_a_pipe_outcomes_follow(self):
        # What cannot be read ahead says later what became of a frame: fragments wait for the last one (DEF-6).
        capture = self.directory / "session.wstap"
        compress = zlib.compressobj(wbits=-15)
        payload = (compress.compress(b"change:this") + compress.flush(zlib.Z_SYNC_FLUSH))[:-4]
        with AlteringProxy("-q", capture=capture) as proxy, Listener() as listener:
            client, server = open_websocket(proxy, listener, extra=DEFLATE, agree=DEFLATE)
            with client:
                client.send(masked(TEXT, payload[:5], fin=False, rsv=4))
                proxy.frames(1)
                client.send(masked(CONTINUATION, payload[5:]))
                server.frame()
                server.frame()
                hang_up(client, server)
            proxy.flow(1)
        self.assertEqual(len(lines(capture, kind="outcome")), 1)
        for args in ([], ["-Y", "not fin"]):
            with self.subTest(args=args), open(capture, "rb") as piped:
                out = self.directory / "piped.wstap"
                said = wstap("inspect", "-q", "--force", "-w", out, "-", *args, stdin=piped)
                self.assertEqual((said.status, said.err), (0, ""))
                self.assertEqual(lines(out), lines(capture, *args))
                self.assertEqual(len(lines(out, kind="outcome")), 1)
        # From a file they are settled.
        self.assertEqual(lines(self.write(capture), kind="outcome"), [])


if __name__ == "__main__":
    unittest.main()
