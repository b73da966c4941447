# SPDX-License-Identifier: Apache-2.0
"""How clients get in (UPG-5, UPG-6), and what is relayed unread."""
import socket
import unittest

from certificates import CertificateAuthority
from frame_bytes import TEXT, frame, masked
from raw_peers import (connect, in_background, open_websocket, trusting, tunnel_by_connect, tunnel_by_socks,
                       upgrade_request, upgrade_response, WAIT)
from wstap_testing import TestCase, frames, inspect, run


class WaysIn(TestCase):
    def talk(self, client, server):
        """One frame each way."""
        self.enterContext(client)
        client.send(masked(TEXT, b"question"))
        self.assertEqual(server.frame().payload, b"question")
        server.send(frame(TEXT, b"answer"))
        self.assertEqual(client.frame().payload, b"answer")
        client.close()
        server.close()


class Plain(WaysIn):
    # UPG-5
    def test_connect_absolute_form_and_socks(self):
        tap, server = self.proxy(), self.listener()
        for number, way in enumerate(("connect", "absolute", "socks"), 1):
            with self.subTest(way):
                self.talk(*open_websocket(tap, server, way))
                flow = tap.flow(number)
                self.assertEqual((flow["url"], flow["server"]["address"]),
                                 (f"ws://{server.target}/chat", server.target))
        self.assertEqual(len(frames(tap.capture)), 6)

    # UPG-5: ws:// in the request line means what http:// means; the origin gets origin-form, Host follows the target
    def test_absolute_form_with_the_websocket_scheme(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        client.send(upgrade_request("elsewhere.example", f"ws://{listener.target}/a?b=c"))
        server = listener.accept()
        self.assertEqual(server.head(), upgrade_request(listener.target, "/a?b=c"))
        server.send(upgrade_response())
        self.assertEqual(client.status(), 101)
        self.talk(client, server)
        self.assertEqual(tap.flow()["url"], f"ws://{listener.target}/a?b=c")

    # UPG-5: names are resolved by wstap
    def test_names_as_targets(self):
        tap, listener = self.proxy(), self.listener()
        listener.target = f"localhost:{listener.port}"
        for way in ("connect", "absolute", "socks"):
            with self.subTest(way):
                self.talk(*open_websocket(tap, listener, way))

    # UPG-5: IPv6 literals
    def test_version_6_addresses_as_targets(self):
        tap, listener = self.proxy(), self.listener(family=socket.AF_INET6)
        for way in ("connect", "absolute", "socks"):
            with self.subTest(way):
                self.talk(*open_websocket(tap, listener, way))

    # UPG-5: SOCKS5 and HTTP with credentials, which do not reach the upstream
    def test_credentials(self):
        tap, listener = self.proxy("--proxy-auth", "user:secret"), self.listener()
        client = self.enterContext(tunnel_by_socks(tap, listener.target, "user", "secret"))
        client.send(upgrade_request(listener.target))
        server = listener.accept()
        server.head()
        server.send(upgrade_response())
        client.head()
        self.talk(client, server)

        basic = "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"
        self.enterContext(tunnel_by_connect(tap, listener.target, basic))
        listener.accept()
        client = self.connect(tap.address)
        client.send(upgrade_request(listener.target, f"http://{listener.target}/chat", basic))
        self.assertEqual(listener.accept().head(), upgrade_request(listener.target))

    # UPG-5
    def test_wrong_credentials_are_refused(self):
        tap = self.proxy("--proxy-auth", "user:secret")
        for wrong in ("", "Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n"):
            client = self.connect(tap.address)
            client.send(f"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n{wrong}\r\n")
            head = client.head()
            self.assertTrue(head.startswith(b"HTTP/1.1 407 "), head)
            self.assertIn(b"\r\nProxy-Authenticate: Basic", head)
        client = self.connect(tap.address)
        client.send(b"\x05\x01\x00")  # no authentication is all it offers
        self.assertEqual(client.rest(), b"\x05\xff")
        client = self.connect(tap.address)
        client.send(b"\x05\x01\x02")
        self.assertEqual(client.read(2), b"\x05\x02")
        client.send(b"\x01\x04user\x05wrong")
        self.assertEqual(client.rest(), b"\x01\x01")

    # UPG-6
    def test_reverse(self):
        for scheme in ("ws", "http"):
            with self.subTest(scheme):
                listener = self.listener()
                tap = self.proxy("--reverse", f"{scheme}://{listener.target}")
                client = self.connect(tap.address)
                client.send(upgrade_request("public.example", "/chat"))
                server = listener.accept()
                self.assertEqual(server.head(), upgrade_request("public.example", "/chat"))
                server.send(upgrade_response())
                client.head()
                self.talk(client, server)
                self.assertEqual(tap.flow()["server"]["address"], listener.target)

    # UPG-6: a server is no proxy, and says so
    def test_connect_to_a_reverse_port(self):
        listener = self.listener()
        tap = self.proxy("--reverse", f"ws://{listener.target}")
        client = self.connect(tap.address)
        client.send(f"CONNECT {listener.target} HTTP/1.1\r\nHost: {listener.target}\r\n\r\n")
        self.assertEqual(client.status(), 501)
        self.assertEqual(client.rest().decode(),
                         f"wstap: this port is a reverse proxy for ws://{listener.target}: it takes no CONNECT\n")


class Secure(WaysIn):
    def setUp(self):
        self.authority = self.enterContext(CertificateAuthority())
        self.wstap_ca = run("ca", "path").stdout.strip()

    def secure_listener(self, **options):
        return self.listener(tls=self.authority.server("localhost", "127.0.0.1", **options))

    def upgrade(self, client, upstream):
        """Upgrades over TLS whose handshakes are going on. @return client, server."""
        server = upstream.result(WAIT)
        client.send(upgrade_request("localhost"))
        server.head()
        server.send(upgrade_response())
        self.assertEqual(client.status(), 101)
        return client, server

    # UPG-5, TLS-1: TLS inside a tunnel is opened, by either kind of tunnel
    def test_tls_inside_connect_and_socks(self):
        listener = self.secure_listener()
        tap = self.proxy("--upstream-ca", self.authority.file)
        for number, tunnel in enumerate((tunnel_by_connect, tunnel_by_socks), 1):
            with self.subTest(tunnel.__name__):
                upstream = in_background(listener.accept)
                client = tunnel(tap, listener.target).start_tls(trusting(self.wstap_ca), "localhost")
                self.talk(*self.upgrade(client, upstream))
                flow = tap.flow(number)
                self.assertEqual(flow.get("url"), "wss://localhost/chat", flow)
                self.assertEqual((flow["client"]["tls"]["sni"], flow["server"]["tls"]["sni"]), ("localhost",) * 2)

    # UPG-5: who agreed on http/1.1 in the TLS handshake may be silent for longer than one whose protocol is not known
    def test_client_that_agreed_on_http_takes_its_time(self):
        listener = self.secure_listener(alpn=["http/1.1"])
        tap = self.proxy("--upstream-ca", self.authority.file, "--detect-timeout", "50ms")
        upstream = in_background(listener.accept)
        context = trusting(self.wstap_ca, alpn=["http/1.1"])
        client = self.enterContext(tunnel_by_connect(tap, listener.target)).start_tls(context, "localhost")
        client.sock.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            client.sock.recv(1)
        client.sock.settimeout(WAIT)
        self.talk(*self.upgrade(client, upstream))
        self.assertEqual(tap.flow()["url"], "wss://localhost/chat")

    # UPG-5: a ClientHello may come in many segments, and be cut into many records
    def test_split_client_hello(self):
        listener = self.secure_listener()
        tap = self.proxy("--upstream-ca", self.authority.file)
        for cut in (self.in_segments, self.in_records):
            with self.subTest(cut.__name__):
                upstream = in_background(listener.accept)
                client = self.handshake(tunnel_by_connect(tap, listener.target), cut)
                client.send(upgrade_request("localhost"))
                server = upstream.result(WAIT)
                server.head()
                server.send(upgrade_response())
                self.assertEqual(client.status(), 101)
                server.close()

    @staticmethod
    def in_segments(hello):
        return [hello[at:at + 7] for at in range(0, len(hello), 7)]

    @staticmethod
    def in_records(hello):
        body = hello[5:]
        return [hello[:3] + len(part).to_bytes(2, "big") + part
                for part in (body[at:at + 50] for at in range(0, len(body), 50))]

    def handshake(self, peer, cut):
        """A TLS client whose first flight goes out as `cut` says. @return something like a Peer."""
        import ssl
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting(self.wstap_ca).wrap_bio(incoming, outgoing, server_hostname="localhost")

        def pump(step, *args):
            while True:
                try:
                    result = step(*args)
                    peer.send(outgoing.read())
                    return result
                except ssl.SSLWantReadError:
                    if flight := outgoing.read():
                        for part in (cut(flight) if not pump.cut else [flight]):
                            peer.send(part)
                        pump.cut = True
                    incoming.write(peer.sock.recv(65536))
        pump.cut = False
        pump(tls.do_handshake)

        class Secured:
            def send(self, data):
                pump(tls.write, data)

            def status(self):
                return int(pump(tls.read, 65536).split(b" ", 2)[1])
        self.enterContext(peer)
        return Secured()

    # UPG-6: towards a wss upstream, for plain clients and for TLS clients
    def test_reverse_to_a_secure_upstream(self):
        for scheme in ("wss", "https"):
            for client_speaks_tls in (False, True):
                with self.subTest(f"{scheme}, client with TLS: {client_speaks_tls}"):
                    listener = self.secure_listener()
                    tap = self.proxy("--reverse", f"{scheme}://{listener.target}", "--upstream-ca", self.authority.file)
                    client = connect(tap.address)
                    if client_speaks_tls:
                        client = client.start_tls(trusting(self.wstap_ca), "localhost")
                    upstream = in_background(listener.accept)
                    client.send(upgrade_request("localhost"))
                    server = upstream.result(WAIT)
                    server.head()
                    server.send(upgrade_response())
                    self.assertEqual(client.status(), 101)
                    self.talk(client, server)
                    self.assertIn("tls", tap.flow()["server"])


class Opaque(TestCase):
    def assert_opaque(self, tap, reason, sent, received, number=1):
        record = tap.flow(number)
        self.assertEqual((record["type"], record["kind"], record["reason"]), ("connection", "opaque", reason))
        self.assertEqual((record["bytes_sent"], record["bytes_received"]), (sent, received))
        self.assertEqual(frames(tap.capture), [])
        return record

    # UPG-5, FLOW-4: a server that speaks first
    def test_upstream_that_speaks_first(self):
        tap, listener = self.proxy("--detect-timeout", "1h"), self.listener()
        for number, tunnel in enumerate((tunnel_by_connect, tunnel_by_socks), 1):
            client = self.enterContext(tunnel(tap, listener.target))
            server = listener.accept()
            server.send(b"220 mail.example\r\n")
            self.assertEqual(client.read(18), b"220 mail.example\r\n")
            client.send(b"EHLO me\r\n")
            self.assertEqual(server.read(9), b"EHLO me\r\n")
            client.finish()
            self.assertEqual(server.ending(), "eof")
            server.send(b"bye")  # half-closed goes on
            server.close()
            self.assertEqual(client.rest(), b"bye")
            record = self.assert_opaque(tap, "server spoke first", 9, 21, number)
            self.assertEqual(record["url"], listener.target)

    # UPG-5: a client that says nothing
    def test_silent_client(self):
        tap, listener = self.proxy("--detect-timeout", "100ms"), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        server = listener.accept()
        tap.wait_for_line("relaying unread")
        client.send(b"GET / HTTP/1.1\r\n")  # too late to be read as HTTP
        self.assertEqual(server.read(16), b"GET / HTTP/1.1\r\n")
        client.close()
        server.close()
        self.assert_opaque(tap, "silent client", 16, 0)

    # UPG-5: for ever, when that is asked for
    def test_patience_without_end(self):
        tap, listener = self.proxy("--detect-timeout", "off"), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        server = listener.accept()
        client.sock.settimeout(0.7)
        with self.assertRaises(TimeoutError):
            client.sock.recv(1)
        client.sock.settimeout(WAIT)
        client.send(upgrade_request("a"))
        server.head()
        server.send(upgrade_response())
        self.assertEqual(client.status(), 101)
        server.close()

    # UPG-5, RFC 9112 2.2: blank lines before a request do not hide it
    def test_blank_lines_first(self):
        tap, listener = self.proxy(), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        client.send(b"\r\n", upgrade_request("a"))
        server = listener.accept()
        server.head()
        server.send(upgrade_response())
        self.assertEqual(client.status(), 101)
        server.close()
        client.close()
        self.assertEqual(tap.flow()["type"], "flow")

    # UPG-5: what the port itself does not know is told so at once
    def test_other_bytes_at_the_port(self):
        for first in (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", bytes(20), b"\xff\xfe"):
            client = self.connect(self.proxy().address)
            client.send(first)
            self.assertEqual(client.status(), 400)
            self.assertIn("SOCKS5", client.rest().decode())

    # UPG-5: bytes that are no protocol wstap knows
    def test_other_bytes(self):
        tap, listener = self.proxy("--detect-timeout", "1h"), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        client.send(b"\x00\x01\x02")
        server = listener.accept()
        self.assertEqual(server.read(3), b"\x00\x01\x02")
        client.reset()
        self.assertEqual(server.ending(), "reset")
        self.assert_opaque(tap, "not HTTP", 3, 0)

    # UPG-5: other bytes inside TLS
    def test_other_bytes_inside_tls(self):
        authority = self.enterContext(CertificateAuthority())
        listener = self.listener(tls=authority.server("localhost"))
        tap = self.proxy("--upstream-ca", authority.file)
        upstream = in_background(listener.accept)
        client = tunnel_by_connect(tap, f"localhost:{listener.port}").start_tls(
            trusting(run("ca", "path").stdout.strip()), "localhost")
        self.enterContext(client)
        client.send(b"* not http\r\n")
        server = upstream.result(WAIT)
        self.assertEqual(server.read(12), b"* not http\r\n")
        server.close()
        client.close()
        self.assert_opaque(tap, "not HTTP", 12, 0)


class CaSite(TestCase):
    # TLS-2: http://wstap.ca/ through the proxy, however it is asked
    def test_serves_the_certificate(self):
        tap = self.proxy()
        wanted = run("ca", "export").stdout
        for ask in (f"GET http://wstap.ca/ HTTP/1.1\r\nHost: wstap.ca\r\n\r\n",):
            client = self.connect(tap.address)
            client.send(ask)
            self.assertEqual(client.status(), 200)
            self.assertEqual(client.rest().decode(), wanted)
        for tunnel in (tunnel_by_connect, tunnel_by_socks):
            client = self.enterContext(tunnel(tap, "wstap.ca:80"))
            client.send("GET /wstap-ca.der HTTP/1.1\r\nHost: wstap.ca\r\n\r\n")
            self.assertEqual(client.status(), 200)
            self.assertEqual(client.rest(), run("ca", "export", "--format", "der", text=False).stdout)
        client = self.connect(tap.address)
        client.send("GET http://wstap.ca/nothing HTTP/1.1\r\nHost: wstap.ca\r\n\r\n")
        self.assertEqual(client.status(), 404)
        self.assertEqual(inspect(tap.capture, "--flows"), [])


if __name__ == "__main__":
    unittest.main()
