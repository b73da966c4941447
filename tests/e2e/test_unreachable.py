# SPDX-License-Identifier: Apache-2.0
"""What clients are told, and what is recorded, when there is no way through (UPG-5, UPG-7, FLOW-4)."""
import socket
import unittest

from raw_peers import Listener, socks_address, upgrade_request
from wstap_testing import TestCase


def closed_port():
    """A port nobody listens on."""
    with Listener() as gone:
        return gone.port


class BlackHole:
    """A port that answers no SYN: its backlog is full."""

    def __init__(self):
        self.listener = Listener(backlog=0)
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listener.address)
            self.fillers.append(filler)
        self.target = self.listener.target

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for filler in self.fillers:
            filler.close()
        self.listener.close()


class Unreachable(TestCase):
    def by_connect(self, tap, target):
        client = self.connect(tap.address)
        client.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
        return client.status(), client.rest().decode()

    def by_socks(self, tap, target):
        client = self.connect(tap.address)
        client.send(b"\x05\x01\x00")
        client.read(2)
        client.send(b"\x05\x01\x00" + socks_address(target))
        reply = client.rest()
        self.assertEqual((reply[0], len(reply)), (5, 10))
        return reply[1]

    def by_upgrade(self, tap, target):
        client = self.connect(tap.address)
        client.send(upgrade_request(target, f"http://{target}/"))
        return client.status(), client.rest().decode()

    # UPG-5: the upstream is dialled before CONNECT or SOCKS is answered, and the reason is said; FLOW-4: and recorded
    def assert_unreachable(self, tap, target, status, socks_code, reason):
        for number, ask in enumerate((self.by_connect, self.by_upgrade), 1):
            got, body = ask(tap, target)
            self.assertEqual(got, status, body)
            self.assertRegex(body, reason)
            record = tap.flow(number)
            self.assertEqual(record["kind"], "failed")
            self.assertRegex(record["reason"], reason)
        self.assertEqual(self.by_socks(tap, target), socks_code)
        self.assertRegex(tap.flow(3)["reason"], reason)

    def test_refused(self):
        self.assert_unreachable(self.proxy(), f"127.0.0.1:{closed_port()}", 502, 5, "refused")

    def test_unresolvable(self):
        self.assert_unreachable(self.proxy(), "name.invalid:80", 502, 4, "resolve")

    def test_timed_out(self):
        with BlackHole() as hole:
            self.assert_unreachable(self.proxy("--dial-timeout", "300ms"), hole.target, 504, 6, "300 ms")

    # UPG-7: under whatever name it goes by
    def test_own_port(self):
        for host in ("127.0.0.1", "localhost", "127.7.7.7", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"):
            with self.subTest(host):
                tap = self.proxy()
                self.assert_unreachable(tap, f"{host}:{tap.address[1]}", 403, 2, "myself")

    # UPG-7: nor by --reverse
    def test_own_port_by_reverse(self):
        listener = self.listener()
        port = listener.port
        listener.close()
        tap = self.proxy("--listen", f"127.0.0.1:{port}", "--reverse", f"ws://127.0.0.1:{port}")
        client = self.connect(("127.0.0.1", port))
        client.send(upgrade_request("localhost"))
        self.assertEqual(client.status(), 403)

    # UPG-5
    def test_socks_commands_and_addresses_it_does_not_know(self):
        tap = self.proxy()
        for request, code in ((b"\x05\x02\x00" + socks_address("127.0.0.1:80"), 7),  # BIND
                              (b"\x05\x01\x00\x09" + bytes(6), 8)):
            client = self.connect(tap.address)
            client.send(b"\x05\x01\x00")
            client.read(2)
            client.send(request)
            self.assertEqual(client.rest()[1], code)

    # UPG-6, FLOW-4
    def test_reverse_to_nobody(self):
        tap = self.proxy("--reverse", f"ws://127.0.0.1:{closed_port()}")
        client = self.connect(tap.address)
        client.send(upgrade_request("localhost"))
        self.assertEqual(client.status(), 502)
        self.assertIn("refused", client.rest().decode())
        self.assertEqual(tap.flow()["kind"], "failed")


if __name__ == "__main__":
    unittest.main()
