# SPDX-License-Identifier: Apache-2.0
"""What many connections and many bytes leave behind: no descriptor, and no memory that grows with them.

LEAK_FLOWS and LEAK_MEGABYTES in the environment make it more than an every day test: 9000 and 1024, say."""
import os
import resource
import unittest

from websockets.utils import accept_key

from certificates import CertificateAuthority
from frame_bytes import BINARY, MASK, TEXT, close, frame, masked
from raw_peers import (connect, in_background, open_websocket, trusting, tunnel_by_connect, upgrade_request,
                       upgrade_response, WAIT)
from raw_http2 import Http2Peer, connected, opened
from wstap_testing import SANITIZED, TestCase, eventually, inspect, resident, run

FLOWS = int(os.environ.get("LEAK_FLOWS", 100 if SANITIZED else 500))
MEGABYTES = int(os.environ.get("LEAK_MEGABYTES", 64))
MEGABYTE = 1 << 20
LISTENING = 2  # the proxy's port, and its control socket


def descriptors(pid):
    """@return what each open descriptor is."""
    folder = f"/proc/{pid}/fd"
    return [os.readlink(f"{folder}/{each}") for each in os.listdir(folder)]


def only_listens(pid):
    """@return how many descriptors there are, once no connection is left."""
    def settled():
        try:
            found = descriptors(pid)
        except FileNotFoundError:
            return None  # closed while they were listed
        return len(found) if sum(each.startswith("socket:") for each in found) == LISTENING else None
    return eventually(settled, "closing all connections")


class Leaks(TestCase):
    def setUp(self):
        # Both ends of every flow are here.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * FLOWS)), hard))

    def assert_steady(self, work, *args, allowed=4 * MEGABYTE):
        """After the first time, doing it again leaves the proxy as it was."""
        tap = self.proxy(*args)
        work(tap)  # event loops are made when they are first needed
        idle, before = only_listens(tap.pid), resident(tap.pid)
        for _ in range(2):
            work(tap)
            self.assertEqual(only_listens(tap.pid), idle)
        if not SANITIZED:
            self.assertLess(resident(tap.pid) - before, max(allowed, before // 5))
        return tap

    # LIM-4: open all at once
    def test_flows_open_at_once(self):
        listener = self.listener(backlog=FLOWS)

        def work(tap):
            pairs = [open_websocket(tap, listener) for _ in range(FLOWS)]
            for client, server in pairs:
                client.send(masked(TEXT, b"question"))
                server.frame()
                server.send(frame(TEXT, b"answer"))
                client.frame()
            for n, (client, server) in enumerate(pairs):
                self.end(client, server, n)
        tap = self.assert_steady(work, "--close-timeout", "1s")
        self.assertEqual(tap.stop(), 0)
        flows = inspect(tap.capture, "--flows")
        self.assertEqual((len(flows), {f["state"] for f in flows}), (3 * FLOWS, {"complete", "error"}))

    def end(self, client, server, n):
        """In one of the ways flows end."""
        if n % 4 == 0:
            client.send(close(1000, mask=MASK))
            server.frame()
            server.send(close(1000))
            client.frame()
        elif n % 4 == 1:
            client.reset()
        elif n % 4 == 2:
            server.send(frame(BINARY, bytes(100))[:50])
        server.close()
        client.close()

    # H2-4: connections and their streams, each of which ends in another way
    def test_http2(self):
        listener = self.listener(backlog=FLOWS)

        def work(tap):
            for n in range(FLOWS // 25):
                client, server = connected(tap, listener)
                pairs = [opened(client, server, listener.target, f"/{k}") for k in range(5)]
                asked = client.get(listener.target)
                server.requested()[0].respond(end=True)
                asked.response()
                for k, (near, far) in enumerate(pairs):
                    near.send(masked(TEXT, b"question"))
                    far.frame()
                    self.end_stream(near, far, k)
                if n % 2:
                    client.peer.reset()
                server.close()
                client.close()
        tap = self.assert_steady(work, "--close-timeout", "1s")
        self.assertEqual(tap.stop(), 0)
        flows = inspect(tap.capture, "--flows")
        self.assertEqual((len(flows), {f["state"] for f in flows}), (3 * (FLOWS // 25) * 5, {"complete", "error"}))

    def end_stream(self, near, far, n):
        if n == 0:
            near.send(close(1000, mask=MASK))
            near.end()
            far.frame()
            far.send(close(1000))
            far.end()
        elif n == 1:
            near.reset()
        elif n == 2:
            far.reset()
        elif n == 3:
            far.send(frame(BINARY, bytes(100))[:50])
            far.end()

    # H2-3: streams whose other end speaks HTTP/1
    def test_bridge(self):
        listener = self.listener(backlog=FLOWS)

        def work(tap):
            for n in range(FLOWS // 25):
                refusing = in_background(lambda: listener.accept().close())  # the question whether it speaks HTTP/2
                client = Http2Peer(connect(tap.address))
                refusing.result(WAIT)
                for k in range(5):
                    near = client.ask_websocket(listener.target, f"/{k}")
                    far = listener.accept()
                    key = far.head().split(b"Sec-WebSocket-Key: ")[1][:24].decode()
                    far.send(upgrade_response(accept=accept_key(key)))
                    near.response()
                    near.send(masked(TEXT, b"question"))
                    far.frame()
                    self.end_bridged(near, far, k)
                asked = client.get(listener.target)
                far = listener.accept()
                far.head()
                far.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                asked.response()
                if n % 2:
                    client.peer.reset()
                client.close()
                far.close()
        tap = self.assert_steady(work, "--bridge", "--reverse", f"http://{listener.target}", "--close-timeout", "1s")
        self.assertEqual(tap.stop(), 0)
        flows = inspect(tap.capture, "--flows")
        self.assertEqual((len(flows), {f["state"] for f in flows}), (3 * (FLOWS // 25) * 5, {"complete", "error"}))

    def end_bridged(self, near, far, n):
        if n == 0:
            near.send(close(1000, mask=MASK))
            near.end()
            far.frame()
            far.send(close(1000))
        elif n == 1:
            near.reset()
        elif n == 2:
            far.reset()
        elif n == 3:
            far.send(frame(BINARY, bytes(100))[:50])
        far.close()

    # LIM-4: what never becomes a flow
    def test_connections_that_become_nothing(self):
        listener = self.listener(backlog=FLOWS)
        closed = self.listener()
        closed.close()

        def refused(tap):
            client = connect(tap.address)
            client.send(f"CONNECT {closed.target} HTTP/1.1\r\nHost: x\r\n\r\n")
            client.status()
            client.close()

        def silent(tap):
            tunnel_by_connect(tap, listener.target).close()
            listener.accept().close()

        def rejected(tap):
            client = connect(tap.address)
            client.send(upgrade_request("x", f"http://{listener.target}/"))
            server = listener.accept()
            server.head()
            server.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            client.status()
            client.close()
            server.close()

        def nonsense(tap):
            client = connect(tap.address)
            client.send(b"\x00\x01 nonsense\r\n\r\n")
            client.reset()

        def work(tap):
            for _ in range(FLOWS // 5):
                for each in (refused, silent, rejected, nonsense):
                    each(tap)
        self.assert_steady(work)

    # LIM-4, TLS-1: over TLS on both legs
    def test_flows_over_tls(self):
        authority = self.enterContext(CertificateAuthority())
        listener = self.listener(tls=authority.server("localhost"))
        trust = trusting(run("ca", "path").stdout.strip())

        def work(tap):
            pairs = []
            for _ in range(FLOWS // 10):
                upstream = in_background(listener.accept)
                client = tunnel_by_connect(tap, f"localhost:{listener.port}").start_tls(trust, "localhost")
                client.send(upgrade_request("localhost"))
                server = upstream.result(WAIT)
                server.head()
                server.send(upgrade_response())
                client.status()
                pairs.append((client, server))
            for n, (client, server) in enumerate(pairs):
                self.end(client, server, n)
        self.assert_steady(work, "--upstream-ca", authority.file)

    # LIM-4: memory does not grow with what is relayed
    def test_bytes(self):
        listener = self.listener()

        def work(tap):
            client, server = open_websocket(tap, listener)
            one = masked(BINARY, bytes(MEGABYTE))
            sending = in_background(lambda: [client.send(one) for _ in range(MEGABYTES)])
            for _ in range(MEGABYTES):
                self.assertEqual(len(server.frame().payload), MEGABYTE)
            sending.result(WAIT)
            client.close()
            server.close()
        self.assert_steady(work, allowed=8 * MEGABYTE)


if __name__ == "__main__":
    unittest.main()
