# SPDX-License-Identifier: Apache-2.0
"""LIM-5: rates and budgets. Waits are only ever too short to be right, never too long, so that a slow machine fails nothing."""
import asyncio
import time
import unittest

import websockets

from frame_bytes import CLOSE, PING, TEXT, frame, masked
from raw_peers import WAIT, connect, hang_up, open_websocket, tunnel_by_connect, upgrade_request, upgrade_response
from wstap_testing import RulesTest, eventually, everything, frames, inspect

SOON = 0.2  # seconds in which nothing may happen


class RatesTest(RulesTest):
    def notes(self, tap):
        return [r["text"] for r in everything(tap.capture) if r["type"] == "note" and "rate_limited" in r["text"]]

    def is_silent(self, peer):
        """Nothing comes to it."""
        peer.sock.settimeout(SOON)
        with self.assertRaises(TimeoutError):
            peer.sock.recv(1)
        peer.sock.settimeout(WAIT)


class Upgrades(RatesTest):
    def ask(self, tap, listener, way):
        """@return status, headers and body of the answer to an upgrade that no server sees."""
        target = listener.target
        client = connect(tap.address) if way == "absolute" else tunnel_by_connect(tap, target)
        with client:
            client.send(upgrade_request(target, f"http://{target}/chat" if way == "absolute" else "/chat"))
            head, _, body = client.rest().decode().partition("\r\n\r\n")
        if way == "connect":
            self.assertEqual(listener.accept().rest(), b"")
        return int(head.split()[1]), head.lower(), body

    def test_too_many(self):
        listener, other = self.listener(), self.listener()
        tap = self.with_rules("[[limit]]\nid='slow'\nupgrades_per_second=0.01\n")
        hang_up(*open_websocket(tap, listener, "absolute"))
        for way in ("absolute", "connect"):
            status, head, body = self.ask(tap, listener, way)
            self.assertEqual((status, body), (429, "wstap: limit 'slow': 0.01 upgrades a second\n"))
            wait = int(head.split("retry-after: ")[1].split("\r\n")[0])
            self.assertTrue(60 < wait <= 100, wait)
        hang_up(*open_websocket(tap, other, "socks"))
        with connect(tap.address) as client:  # a request is no upgrade
            client.send(f"GET http://{listener.target}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            with listener.accept() as server:
                server.head()
                server.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            self.assertEqual(client.status(), 204)
        self.assertIn("warning: limit hit: ", tap.wait_for_line("0.01 upgrades a second"))
        tap.stop()
        self.assertEqual([(r["kind"], r["url"], r["reason"]) for r in inspect(tap.capture, "--flows")
                          if r["type"] == "connection"],
                         [("blocked", f"ws://{listener.target}/chat", "limit 'slow': 0.01 upgrades a second")] * 2)

    def test_in_all(self):
        listener, other = self.listener(), self.listener()
        tap = self.with_rules("[[limit]]\nid='all'\nper='all'\nupgrades_per_second=0.01\n")
        hang_up(*open_websocket(tap, listener, "absolute"))
        self.assertEqual(self.ask(tap, other, "absolute")[0], 429)
        self.assertFalse(other.waiting())

    def test_of_spent_budgets(self):
        listener = self.listener()
        tap = self.with_rules("[[limit]]\nid='short'\nduration='1ms'\n")
        client, server = open_websocket(tap, listener)
        time.sleep(0.01)
        status, head, body = self.ask(tap, listener, "absolute")
        self.assertEqual((status, body), (429, "wstap: limit 'short': its 1ms are over\n"))
        self.assertFalse("retry-after" in head)
        server.send(frame(TEXT, b"too late"))
        self.is_silent(client)
        self.replace_rules(tap, "")
        self.assertEqual(client.frame().payload, b"too late")
        hang_up(client, server)


class Frames(RatesTest):
    def test_so_many_a_second(self):
        for way in ("connect", "absolute", "socks"):
            with self.subTest(way=way):
                listener = self.listener()
                tap = self.with_rules("[[limit]]\nid='steady'\nframes_per_second=20\n", "--forward", "verbatim")
                client, server = open_websocket(tap, listener, way)
                began = time.monotonic()
                sent = [masked(TEXT, b"%d" % number) for number in range(25)] + [masked(PING, b"p") for _ in range(5)]
                client.send(b"".join(sent))
                said = [server.frame() for _ in sent]
                self.assertGreaterEqual(time.monotonic() - began, 0.45)
                self.assertEqual([f.payload for f in said[:25]], [b"%d" % number for number in range(25)])
                hang_up(client, server)
                tap.stop()
                self.assertEqual(self.notes(tap), ["rate_limited: limit 'steady': 20 frames a second"])
                self.assertEqual({f["verdict"] for f in frames(tap.capture)}, {"forwarded"})
                self.assertIn("limit hit: flow 1: rate_limited", tap.said())

    # where a flow leads counts, not what its client says of it
    def test_whatever_the_host_field_says(self):
        listener = self.listener()
        tap = self.with_rules(f"[[limit]]\nid='x'\ntargets=['{listener.target}']\nframes_per_second=0.001\ndirection='send'\n")
        with tunnel_by_connect(tap, listener.target) as client:
            client.send(upgrade_request("elsewhere.example"))
            server = listener.accept()
            server.head()
            server.send(upgrade_response())
            client.head()
            client.send(masked(TEXT, b"1"), masked(TEXT, b"2"))
            self.assertEqual(server.frame().payload, b"1")
            self.is_silent(server)
            client.reset()
            self.assertEqual(server.ending(), "reset")

    # the sender feels it: nothing is read, so nothing grows
    def test_back_pressure(self):
        listener = self.listener()
        tap = self.with_rules("[[limit]]\nid='none'\nframes_per_second=0.001\ndirection='send'\n")
        client, server = open_websocket(tap, listener)
        client.send(masked(TEXT, b"first"))
        self.assertEqual(server.frame().payload, b"first")
        client.sock.settimeout(SOON)
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 100 << 20:
                sent += client.sock.send(masked(TEXT, bytes(60_000)))
        server.send(frame(TEXT, b"answer"))  # the other direction goes on
        client.sock.settimeout(WAIT)
        self.assertEqual(client.frame().payload, b"answer")
        client.reset()
        self.assertEqual(server.ending(), "reset")

    # every flow of a host takes from the same, on whatever thread
    def test_shared_by_flows_and_workers(self):
        tap = self.with_rules("[[limit]]\nid='shared'\nframes_per_second=40\ndirection='send'\n", "--workers", "2")
        server = self.echo()
        url = f"ws://127.0.0.1:{server.address[1]}/"

        async def flow():
            sock = tunnel_by_connect(tap, f"127.0.0.1:{server.address[1]}").sock
            sock.setblocking(False)
            async with websockets.connect(url, sock=sock, compression=None, ping_interval=None) as ws:
                for number in range(20):
                    await ws.send(f"{number}")
                self.assertEqual([await asyncio.wait_for(ws.recv(), WAIT) for _ in range(20)], [f"{n}" for n in range(20)])

        async def session():
            await asyncio.gather(*(flow() for _ in range(4)))
        began = time.monotonic()
        asyncio.run(session())
        # 80 messages, of which 40 could go at once
        self.assertGreaterEqual(time.monotonic() - began, 0.95)
        tap.stop()
        self.assertEqual(len([f for f in frames(tap.capture, "send") if f["opcode"] == "text"]), 80)


class Budgets(RatesTest):
    def test_of_bytes(self):
        listener = self.listener()
        text = "[[limit]]\nid='budget'\nper='all'\nbytes={}\n"
        tap = self.with_rules(text.format(100))
        client, server = open_websocket(tap, listener)
        client.send(*[masked(TEXT, bytes([65 + number]) * 34) for number in range(6)])  # 40 bytes each
        self.assertEqual([server.frame().payload[:1] for _ in range(3)], [b"A", b"B", b"C"])
        eventually(lambda: self.notes(tap) == ["rate_limited: limit 'budget': a budget of 100 bytes is spent"], "the note")
        self.is_silent(server)
        # PIPE-3
        self.replace_rules(tap, text.format(170))
        self.assertEqual([server.frame().payload[:1] for _ in range(2)], [b"D", b"E"])
        self.is_silent(server)
        tap.send_signal()
        self.assertEqual((server.frame().opcode, client.frame().opcode), (CLOSE, CLOSE))
        hang_up(client, server)
        tap.wait()
        self.assertEqual([f["verdict"] for f in frames(tap.capture, "send")], ["forwarded"] * 5 + ["synthetic", "dropped"])

    # PIPE-6: what waits behind a delayed frame is counted when it is taken
    def test_with_delays(self):
        listener = self.listener()
        tap = self.with_rules("[[limit]]\nid='budget'\nbytes=200\n"
                              "[[transform]]\nid='later'\nfilter='send and text'\ndelay='5ms'\n")
        client, server = open_websocket(tap, listener)
        client.send(*[masked(TEXT, bytes([65 + number]) * 34) for number in range(7)])
        self.assertEqual([server.frame().payload[:1] for _ in range(5)], [b"A", b"B", b"C", b"D", b"E"])
        self.is_silent(server)
        client.reset()
        self.assertEqual(server.ending(), "reset")

    # what waits waits behind nothing: a Close waits its turn as well, and the flow ends in order
    def test_a_close_that_waits(self):
        listener = self.listener()
        tap = self.with_rules("[[limit]]\nid='slow'\nframes_per_second=4\ndirection='send'\n")
        client, server = open_websocket(tap, listener)
        client.send(*[masked(TEXT, b"%d" % number) for number in range(5)], masked(CLOSE, b"\x03\xe8"))
        self.assertEqual([server.frame().opcode for _ in range(6)], [TEXT] * 5 + [CLOSE])
        server.send(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(client.frame().opcode, CLOSE)
        hang_up(client, server)
        tap.stop()
        flow = [r for r in inspect(tap.capture, "--flows")][0]
        self.assertEqual((flow["state"], flow["close_code"]), ("complete", 1000))


if __name__ == "__main__":
    unittest.main()
