# SPDX-License-Identifier: Apache-2.0
"""--bridge: WebSockets and ordinary requests of an HTTP/2 client at a server that speaks HTTP/1, and the reverse (H2-3)."""
import asyncio
import hashlib
import http.client
import unittest

import h2.events
import websockets
from websockets.utils import accept_key

from certificates import CertificateAuthority
from frame_bytes import MASK, TEXT, close, frame, masked
from http2_peers import Http1Site, Http2Server, http2_session
from raw_http2 import CONNECT_PROTOCOL, Http2Peer
from raw_peers import ACCEPT, KEY, WAIT, Listener, in_background, trusting, tunnel_by_connect, upgrade_request, upgrade_response
from wstap_testing import RulesTest, everything, frames, inspect, run

TALK = {"kind": "talk"}
SAID = [f"message {n}" for n in range(5)]


class BridgeTest(RulesTest):
    def setUp(self):
        super().setUp()
        self.authority = self.enterContext(CertificateAuthority())
        self.trust = run("ca", "path").stdout.strip()

    def bridge(self, *args, **options):
        return self.proxy("--bridge", "--upstream-ca", self.authority.file, *args, **options)

    def versions(self, tap):
        """@return of each flow, what its legs speak."""
        return [tuple(r[leg]["http_version"] for leg in ("client", "server"))
                for r in everything(tap.capture) if r["type"] == "flow" and r["state"] == "active"]

    def refused(self, tap):
        return [(r["kind"], r["reason"]) for r in everything(tap.capture) if r["type"] == "connection"]


class ToHttp1(BridgeTest):
    def site(self, pem=True, **settings):
        return self.enterContext(Http1Site(self.authority.certificate("localhost") if pem else None, **settings))

    def work(self, tap, site, *pieces, **options):
        return http2_session(tap.address, site.authority, pieces, **{"ca": self.trust} | options)["told"]

    def server(self):
        context = self.authority.server("localhost", alpn=["http/1.1"])
        return self.enterContext(Listener(tls=context))

    def client(self, tap, server):
        """@return an HTTP/2 connection to the proxy, by way of a tunnel."""
        tunnel = tunnel_by_connect(tap, f"localhost:{server.port}")
        return Http2Peer(tunnel.start_tls(trusting(self.trust, alpn=["h2", "http/1.1"]), "localhost"))

    # H2-3: many on one connection, each by an upgrade of its own
    def test_sessions(self):
        site, tap = self.site(), self.bridge()
        work = [{"kind": "talk", "path": f"/{n}", "bytes": 1 << 20 if n == 3 else 0} for n in range(12)]
        for n, told in enumerate(self.work(tap, site, *work)):
            self.assertEqual(told["received"][:5], SAID, n)
            self.assertEqual(told["received"][5:], [told["expected"]] if n == 3 else [], n)
            self.assertEqual(told["closed"], [4001, "enough"])
        flows = inspect(tap.capture, "--flows")
        self.assertEqual({(f["state"], f["close_code"], "anomalies" in f) for f in flows}, {("complete", 4001, False)})
        self.assertEqual(self.versions(tap), [("HTTP/2", "HTTP/1.1")] * 12)
        opened = next(r for r in everything(tap.capture) if r["type"] == "flow")
        self.assertTrue(opened["request_head"].startswith(":method: CONNECT\r\n"))
        self.assertTrue(opened["response_head"].startswith("HTTP/1.1 101 Switching Protocols\r\n"))
        self.assertEqual((opened["client"]["tls"]["alpn"], opened["server"]["tls"]["alpn"]), ("h2", "http/1.1"))

    # H2-3, PIPE-6: rules know no difference
    def test_rules(self):
        site = self.site()
        self.rules.write_text("[[transform]]\nid = 't'\nfilter = 'send and text'\nreplace = {pattern='message', with='a longer one'}\n")
        tap = self.bridge("--rules", self.rules)
        told, = self.work(tap, site, TALK)
        self.assertEqual(told["received"], [each.replace("message", "a longer one") for each in SAID])

    # H2-3, UPG-2: bodies of known length, in chunks, and none; interim responses and trailers
    def test_ordinary_requests(self):
        site, tap = self.site(), self.bridge()
        told = self.work(tap, site, {"path": "/?3000000"}, {"path": "/sized?200000"},
                         {"method": "POST", "path": "/digest", "bytes": 2_000_000}, {"path": "/interim"},
                         {"path": "/trailers"}, {"method": "HEAD", "path": "/sized?7"}, {"path": "/nothing"}, {"path": "/cut"},
                         {"path": "/headers", "headers": {"cookie": "a=1; b=2", "x-Odd": "v", "te": "trailers"}},
                         {"kind": "talk", "path": "/refuse"})
        self.assertEqual([(each["status"], each["bytes"]) for each in told[:2]], [(200, 3_000_000), (200, 200_000)])
        self.assertEqual(told[2]["body"], hashlib.sha256(b"body" * 500_000).hexdigest())
        self.assertEqual((told[3]["interim"], told[3]["status"]), (103, 200))
        self.assertEqual((told[4]["body"], told[4]["trailers"]), ("body", "of the body"))
        self.assertEqual([(each["status"], each["bytes"]) for each in told[5:7]], [(200, 0), (204, 0)])
        self.assertEqual(told[7]["fault"], "ERR_HTTP2_STREAM_ERROR")
        self.assertIn('"x-odd":"v"', told[8]["body"])
        self.assertIn('"cookie":"a=1; b=2"', told[8]["body"])
        self.assertNotIn('"te"', told[8]["body"])
        self.assertEqual((told[9]["status"], told[9]["why"]), (403, "no"))
        self.assertEqual(self.refused(tap), [("refused", "403")])

    # H2-3: what the upgrade says, and that its key is wstap's own
    def test_what_an_upgrade_says(self):
        tap, server = self.bridge(), self.server()
        accepted = in_background(server.accept)
        with self.client(tap, server) as client:
            client.expect(h2.events.RemoteSettingsChanged)
            self.assertEqual(client.h2.remote_settings[CONNECT_PROTOCOL], 1)
            stream = client.ask_websocket(f"localhost:{server.port}", "/chat?x=1", "https", [
                ("sec-websocket-protocol", "chat"), ("sec-websocket-extensions", "permessage-deflate"),
                ("origin", "https://localhost"), ("cookie", "a=1"), ("cookie", "b=2"), ("sec-websocket-key", "stray")])
            upstream = accepted.result(WAIT)
            line, *lines = upstream.head().decode().split("\r\n")
            fields = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines if each)}
            self.assertEqual(line, "GET /chat?x=1 HTTP/1.1")
            key = fields.pop("sec-websocket-key")
            self.assertEqual(len(key), 24)
            self.assertEqual(fields, {
                "host": f"localhost:{server.port}", "connection": "Upgrade", "upgrade": "websocket", "cookie": "a=1; b=2",
                "sec-websocket-version": "13", "sec-websocket-protocol": "chat", "origin": "https://localhost",
                "sec-websocket-extensions": "permessage-deflate"})
            upstream.send(upgrade_response("Sec-WebSocket-Protocol: chat\r\n", accept=accept_key(key)),
                          frame(TEXT, b"at once"))
            response = dict(client.expect(h2.events.ResponseReceived).headers)
            self.assertEqual(response, {":status": "200", "sec-websocket-protocol": "chat"})
            self.assertEqual(stream.frame().payload, b"at once")
            stream.send(masked(TEXT, b"hello"))
            self.assertEqual(upstream.frame().payload, b"hello")
            stream.send(close(1000, mask=MASK))
            upstream.frame()
            upstream.send(close(1000))
            stream.frame()
            upstream.close()
            stream.expect_end()
        self.assertEqual(tap.flow()["state"], "complete")

    # H2-3: proofs are checked, and a page is no WebSocket
    def test_wrong_answers(self):
        answers = {"does not answer the key": upgrade_response(),
                   "did not switch protocols: 200 OK": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                   "more than one Content-Length": b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi"}
        for why, answer in answers.items():
            with self.subTest(why=why):
                tap, server = self.bridge(), self.server()
                accepted = in_background(server.accept)
                with self.client(tap, server) as client:
                    client.ask_websocket(f"localhost:{server.port}", scheme="https")
                    upstream = accepted.result(WAIT)
                    upstream.head()
                    upstream.send(answer)
                    response = dict(client.expect(h2.events.ResponseReceived).headers)
                    self.assertEqual(response[":status"], "502")
                (kind, reason), = self.refused(tap)
                self.assertEqual(kind, "failed")
                self.assertIn(why, reason)

    # H2-3: a connection carries one request after the other, and when its server has closed it, another one does
    def test_kept_connections(self):
        tap, server = self.bridge(), self.server()
        accepted = in_background(server.accept)
        authority = f"localhost:{server.port}"

        def answer(upstream, body):
            upstream.head()
            upstream.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")

        def told(client):
            client.expect(h2.events.ResponseReceived)
            data = client.expect(h2.events.DataReceived)
            client.expect(h2.events.StreamEnded)
            return data.data.decode()
        with self.client(tap, server) as client:
            upstream = accepted.result(WAIT)
            for body in ("one", "two"):
                client.get(authority, scheme="https")
                answer(upstream, body)
                self.assertEqual(told(client), body)
            # It reads the next request, and says nothing.
            client.get(authority, scheme="https")
            upstream.head()
            accepted = in_background(server.accept)
            upstream.close()
            answer(accepted.result(WAIT), "again")
            self.assertEqual(told(client), "again")

    # H2-3, H2-4, UPG-6: in the clear, by prior knowledge; and TLS with the client only
    def test_reverse(self):
        for pem in (False, True):
            site = self.site(pem=pem)
            tap = self.bridge("--reverse", f"{'https' if pem else 'http'}://localhost:{site.port}")
            for ca in (None, self.trust):
                with self.subTest(upstream_tls=pem, client_tls=bool(ca)):
                    told = self.work(tap, site, TALK, {"path": "/?5"}, {"method": "POST", "path": "/digest", "bytes": 100_000},
                                     tunnel=False, ca=ca)
                    self.assertEqual((told[0]["received"], told[1]["body"]), (SAID, "hello"))
                    self.assertEqual(told[2]["body"], hashlib.sha256(b"body" * 25_000).hexdigest())

    # H2-3: nobody is there
    def test_no_upstream(self):
        with Listener() as gone:
            port = gone.port
        tap = self.bridge("--reverse", f"http://localhost:{port}")
        told = http2_session(tap.address, f"localhost:{port}", [TALK, {"path": "/"}], ca=self.trust, tunnel=False)["told"]
        self.assertEqual([each["status"] for each in told], [502, 502])
        self.assertIn("refused", told[1]["body"])


class ToHttp2(BridgeTest):
    def setUp(self):
        super().setUp()
        self.tls = trusting(self.trust)

    def listener(self, *alpn):
        return self.enterContext(Listener(tls=self.authority.server("localhost", alpn=list(alpn))))

    def upstream(self, listener, connect=1):
        """@return a server's end of HTTP/2, once it is connected."""
        return in_background(lambda: Http2Peer(listener.accept(), server=True, settings={CONNECT_PROTOCOL: connect}))

    # H2-3: what the extended CONNECT says, and that the key gets its proof
    def test_what_a_request_says(self):
        tap, listener = self.bridge(), self.listener("h2")
        accepted = self.upstream(listener)
        authority = f"localhost:{listener.port}"
        with tunnel_by_connect(tap, authority) as tunnel, tunnel.start_tls(self.tls, "localhost") as client:
            client.send(upgrade_request(authority, "/chat?x=1", "Sec-WebSocket-Protocol: chat\r\nOrigin: https://localhost\r\n"
                                        "Cookie: a=1; b=2\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"))
            upstream = accepted.result(WAIT)
            stream, fields = upstream.requested()
            self.assertEqual(fields, {
                ":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":path": "/chat?x=1", ":authority": authority,
                "sec-websocket-version": "13", "sec-websocket-protocol": "chat", "origin": "https://localhost",
                "cookie": "a=1; b=2", "sec-websocket-extensions": "permessage-deflate"})
            stream.respond(200, [("sec-websocket-protocol", "chat")])
            stream.send(frame(TEXT, b"at once"))
            head = client.head().decode()
            self.assertTrue(head.startswith("HTTP/1.1 101 "), head)
            self.assertIn(f"sec-websocket-accept: {ACCEPT.lower()}\r\n", head.lower())
            self.assertIn("sec-websocket-protocol: chat\r\n", head.lower())
            self.assertEqual(client.frame().payload, b"at once")
            client.send(masked(TEXT, b"hello"))
            self.assertEqual(stream.frame().payload, b"hello")
            client.send(close(1000, mask=MASK))
            stream.frame()
            stream.send(close(1000))
            client.frame()
            stream.end()
            self.assertEqual(client.ending(), "eof")
        flow = tap.flow()
        self.assertEqual((flow["state"], "anomalies" in flow), ("complete", False))
        self.assertEqual(self.versions(tap), [("HTTP/1.1", "HTTP/2")])
        opened = next(r for r in everything(tap.capture) if r["type"] == "flow")
        self.assertIn(f"Sec-WebSocket-Key: {KEY}\r\n", opened["request_head"])
        self.assertTrue(opened["response_head"].startswith(":status: 200\r\n"))

    # H2-3: other people's client and server
    def test_sessions(self):
        server = self.enterContext(Http2Server(self.authority.certificate("localhost")))
        tap = self.bridge()
        reverse = self.bridge("--reverse", f"wss://{server.authority}")

        async def talk(**how):
            async with websockets.connect(compression=None, max_size=None, **how) as ws:
                for message in (*SAID, bytes(1 << 20)):
                    await ws.send(message)
                    self.assertEqual(await ws.recv(), message)

        async def both():
            tunnel = await asyncio.to_thread(tunnel_by_connect, tap, server.authority)
            await talk(uri=f"wss://{server.authority}/a", sock=tunnel.sock, ssl=self.tls, server_hostname="localhost")
            await talk(uri="ws://localhost:%d/b" % reverse.address[1])
        asyncio.run(both())
        for each in (tap, reverse):
            self.assertEqual(each.flow()["state"], "complete")
            self.assertEqual(self.versions(each), [("HTTP/1.1", "HTTP/2")])
            sent = [r["length"] for r in frames(each.capture, "send") if r["opcode"] != "close"]
            self.assertEqual(sent, [9] * 5 + [1 << 20])

    # H2-3, UPG-2: one after the other on the client's connection
    def test_ordinary_requests(self):
        server = self.enterContext(Http2Server(self.authority.certificate("localhost")))
        tap = self.bridge()
        tunnel = tunnel_by_connect(tap, server.authority)
        connection = http.client.HTTPConnection("localhost", server.port)
        connection.sock = self.enterContext(tunnel.start_tls(self.tls, "localhost")).sock

        def ask(method, path, body=None, **options):
            connection.request(method, path, body, **options)
            response = connection.getresponse()
            return response.status, response.read(), response
        self.assertEqual(ask("GET", "/?3000000")[1][:10], b"hellohello")
        self.assertEqual(ask("POST", "/digest", b"body" * 100_000)[1].decode(), hashlib.sha256(b"body" * 100_000).hexdigest())
        chunks = iter([b"in ", b"chunks"])
        self.assertEqual(ask("POST", "/digest", chunks, encode_chunked=True)[1].decode(),
                         hashlib.sha256(b"in chunks").hexdigest())
        status, body, response = ask("HEAD", "/")
        self.assertEqual((status, body), (200, b""))
        told = ask("GET", "/headers", headers={"X-Odd": "v", "Connection": "X-Hop", "X-Hop": "1", "Cookie": "a=1"})[1].decode()
        self.assertIn('"x-odd":"v"', told)
        self.assertIn('"cookie":"a=1"', told)
        self.assertNotIn("x-hop", told)
        self.assertEqual(ask("GET", "/trailers")[1], b"body")
        with self.assertRaises(http.client.IncompleteRead):
            ask("GET", "/cut")
        self.assertEqual(inspect(tap.capture, "--flows"), [])

    # H2-3: a client of HTTP/1.0 takes no chunks
    def test_an_old_client(self):
        server = self.enterContext(Http2Server(self.authority.certificate("localhost")))
        tap = self.bridge()
        with tunnel_by_connect(tap, server.authority) as tunnel, tunnel.start_tls(self.tls, "localhost") as client:
            client.send(f"GET /?70000 HTTP/1.0\r\nHost: {server.authority}\r\n\r\n")
            head = client.head().decode().lower()
            self.assertIn("connection: close\r\n", head)
            self.assertNotIn("transfer-encoding", head)
            self.assertEqual(len(client.rest()), 70_000)

    # H2-1, H2-3: who takes no WebSockets over HTTP/2 is asked for HTTP/1
    def test_another_connection_for_http1(self):
        tap, listener = self.bridge(), self.listener("h2", "http/1.1")
        authority = f"localhost:{listener.port}"

        def serve():
            first = Http2Peer(listener.accept(), server=True, settings={CONNECT_PROTOCOL: 0})
            second = listener.accept()
            self.assertEqual(second.sock.selected_alpn_protocol(), "http/1.1")
            second.head()
            second.send(upgrade_response())
            return first, second
        served = in_background(serve)
        with tunnel_by_connect(tap, authority) as tunnel, tunnel.start_tls(self.tls, "localhost") as client:
            client.send(upgrade_request(authority))
            self.assertEqual(client.status(), 101)
            _, server = served.result(WAIT)
            client.finish()
            server.rest()
            server.close()
            client.ending()
        self.assertEqual(self.versions(tap), [("HTTP/1.1", "HTTP/1.1")])

    # H2-1, H2-3: and who speaks nothing else says so
    def test_no_websockets_at_all(self):
        server = self.enterContext(Http2Server(self.authority.certificate("localhost"), connect=False))
        tap = self.bridge()
        with tunnel_by_connect(tap, server.authority) as tunnel, tunnel.start_tls(self.tls, "localhost") as client:
            client.send(upgrade_request(server.authority))
            self.assertEqual(client.status(), 502)
            self.assertIn(b"SETTINGS_ENABLE_CONNECT_PROTOCOL", client.rest())
        self.assertEqual([kind for kind, _ in self.refused(tap)], ["refused"])

    # H2-3: a server that resets a request is not taken for one that closed its connection
    def test_a_reset(self):
        tap, listener = self.bridge(), self.listener("h2")
        accepted = self.upstream(listener)
        authority = f"localhost:{listener.port}"
        with tunnel_by_connect(tap, authority) as tunnel, tunnel.start_tls(self.tls, "localhost") as client:
            client.send(upgrade_request(authority))
            upstream = accepted.result(WAIT)
            stream, _ = upstream.requested()
            stream.reset()
            self.assertEqual(client.status(), 502)
            self.assertIn(b"reset with", client.rest())


class Unbridged(BridgeTest):
    # H2-3, TLS-6: without the option what is agreed on is the same on both sides
    def test_is_mirrored(self):
        listener = self.enterContext(Listener(tls=self.authority.server("localhost", alpn=["http/1.1"])))
        tap = self.proxy("--upstream-ca", self.authority.file)
        accepted = in_background(listener.accept)
        offers_both = trusting(self.trust, alpn=["h2", "http/1.1"])
        with tunnel_by_connect(tap, f"localhost:{listener.port}") as tunnel, tunnel.start_tls(offers_both, "localhost") as client:
            self.assertEqual(client.sock.selected_alpn_protocol(), "http/1.1")
            accepted.result(WAIT)


if __name__ == "__main__":
    unittest.main()
