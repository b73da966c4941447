# SPDX-License-Identifier: Apache-2.0
"""The upgrade, byte by byte (UPG-1 to UPG-4, UPG-9): what the server sees, what the client sees, what is recorded."""
import unittest

from frame_bytes import CLOSE, MASK, PING, TEXT, close, frame, masked
from raw_peers import KEY, open_websocket, tunnel_by_connect, upgrade_request, upgrade_response
from wstap_testing import TestCase, frames, inspect, names

# Order, case, spelling and odd white space of a head are its sender's.
ODD_REQUEST = ("GET /Chat?x=%2f HTTP/1.1\r\n"
               "x-First:1\r\nHOST: {host}\r\nconnection:keep-alive ,  UpGrade\r\nUPGRADE:\twebSocket \r\n"
               f"sec-websocket-KEY:  {KEY}\r\nSec-Websocket-Version: 13\r\nCookie: a=1; b=\"2\"\r\nX-Twice: one\r\n"
               "Sec-WebSocket-Protocol: chat , superchat\r\nx-twice: two\r\nX-Empty:\r\nOrigin: null\r\n\r\n")
ODD_RESPONSE = upgrade_response("Server:odd \r\nsec-websocket-PROTOCOL: superchat\r\nSet-Cookie: a\r\nset-cookie: b\r\n"
                                ).replace(b"101 Switching Protocols", b"101 Web Socket  Protocol Handshake")


class Heads(TestCase):
    # UPG-4
    def test_go_through_a_tunnel_as_they_are(self):
        tap, listener = self.proxy(), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        request = ODD_REQUEST.format(host=listener.target).encode()
        client.send(request)
        server = listener.accept()
        self.assertEqual(server.head(), request)
        server.send(ODD_RESPONSE)
        self.assertEqual(client.head(), ODD_RESPONSE)
        client.send(masked(TEXT, b"hello"))
        self.assertEqual(server.frame().payload, b"hello")
        client.close()
        server.close()
        flow = tap.flow()
        self.assertEqual((flow["request_head"].encode(), flow["response_head"].encode()), (request, ODD_RESPONSE))
        self.assertEqual((flow["subprotocol"], names(flow)), ("superchat", []))

    # UPG-4: all that absolute-form changes
    def test_become_origin_form(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        odd = ODD_REQUEST.replace("GET /Chat", f"GET http://{listener.target}/Chat")
        for_the_proxy = "proxy-connection: Keep-Alive\r\nProxy-AUTHORIZATION: Basic eA==\r\n"
        with_proxy_fields = odd.replace("x-twice", for_the_proxy + "x-twice")
        client.send(with_proxy_fields.format(host="not.the.target"))
        self.assertEqual(listener.accept().head(), ODD_REQUEST.format(host=listener.target).encode())

    # UPG-1: tokens in lists, in any case, in repeated fields
    def test_are_upgrades_however_they_say_so(self):
        lines = ("Connection: upgrade\r\nUpgrade: websocket\r\n",
                 "connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n",
                 "Connection: close\r\nConnection: ,UPGRADE,\r\nUpgrade: other/1, websocket\r\n",
                 "Upgrade: h2c\r\nUPGRADE: WEBSOCKET\r\nConnection: Upgrade\r\n")
        tap, listener = self.proxy(), self.listener()
        for number, both in enumerate(lines, 1):
            with self.subTest(both):
                client = self.enterContext(tunnel_by_connect(tap, listener.target))
                client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{both}Sec-WebSocket-Key: {KEY}\r\n\r\n")
                server = listener.accept()
                server.head()
                server.send("HTTP/1.1 101 x\r\n", both, "\r\n", frame(TEXT, b"open"))
                client.head()
                self.assertEqual(client.frame().payload, b"open")
                server.close()
                client.close()
                self.assertEqual(tap.flow(number)["type"], "flow")

    # UPG-1, UPG-2: tokens that are something else make an ordinary request
    def test_are_no_upgrades_otherwise(self):
        tap, listener = self.proxy(), self.listener()
        for lines in ("Connection: keep-alive\r\nUpgrade: websocket\r\n",
                      "Connection: Upgrade\r\nUpgrade: websockets\r\n",
                      "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"):
            client = self.enterContext(tunnel_by_connect(tap, listener.target))
            client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
            server = listener.accept()
            self.assertNotIn(b"pgrade: ", server.head())  # it belongs to one leg
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            self.assertEqual(client.status(), 200)
            server.close()
            client.close()
        self.assertEqual(tap.stop(), 0)
        self.assertEqual(inspect(tap.capture, "--flows"), [])

    # UPG-4: an anomaly, not an error
    def test_with_a_wrong_accept(self):
        tap, listener = self.proxy(), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        client.send(upgrade_request(listener.target))
        server = listener.accept()
        server.head()
        server.send(upgrade_response(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="), frame(TEXT, b"still"))
        self.assertEqual((client.status(), client.frame().payload), (101, b"still"))
        server.close()
        client.close()
        self.assertEqual(names(tap.flow()), ["wrong_accept"])

    # DEF-1: an answer in terms that nobody offered, too
    def test_with_an_extension_that_was_not_offered(self):
        tap, listener = self.proxy(), self.listener()
        agree = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n"
        client, server = open_websocket(tap, listener, extra="Sec-WebSocket-Extensions: permessage-deflate\r\n",
                                        agree=agree)
        server.close()
        client.close()
        self.assertEqual(names(tap.flow()), ["extension_not_offered"])


class Stream(TestCase):
    def setUp(self):
        self.tap, self.server_port = self.proxy(), self.listener()
        self.client = self.enterContext(tunnel_by_connect(self.tap, self.server_port.target))

    # UPG-3
    def test_frames_behind_the_101_are_not_lost(self):
        self.client.send(upgrade_request("a"))
        server = self.server_port.accept()
        server.head()
        early = [frame(TEXT, b"welcome"), frame(PING, b"1"), frame(TEXT, bytes(70000))]
        server.send(upgrade_response(), *early)
        self.assertEqual(self.client.head(), upgrade_response())
        self.assertEqual([self.client.frame().raw for _ in early], early)
        self.assertEqual([r["raw"] for r in self.tap.frames(3)], early)

    # UPG-3: half a frame with the handshake, the other half later
    def test_a_frame_may_begin_behind_the_101(self):
        self.client.send(upgrade_request("a"))
        server = self.server_port.accept()
        server.head()
        whole = frame(TEXT, b"in two halves")
        server.send(upgrade_response(), whole[:5])
        self.client.head()
        server.send(whole[5:])
        self.assertEqual(self.client.frame().raw, whole)

    # UPG-3: what the client sends before the 101 waits for it
    def test_frames_before_the_101_wait_for_it(self):
        self.client.send(upgrade_request("a"), masked(TEXT, b"early"), masked(TEXT, b"too"))
        server = self.server_port.accept()
        server.head()
        server.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            server.sock.recv(1)
        server.sock.settimeout(30)
        server.send(upgrade_response())
        self.assertEqual([server.frame().payload, server.frame().payload], [b"early", b"too"])

    # UPG-3: ... and if there is no 101, they are its next request; UPG-2, FLOW-4: the refusal is recorded
    def test_request_behind_a_refused_upgrade(self):
        self.client.send(upgrade_request("a"), "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        server = self.server_port.accept()
        server.head()
        refusal = (b"HTTP/1.1 403 Go away\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nnope")
        server.send(refusal)
        self.assertEqual(self.client.read(len(refusal)), refusal)
        self.assertEqual(server.head(), b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual((self.client.status(), self.client.read(2)), (200, b"ok"))
        record = self.tap.flow()
        self.assertEqual((record["type"], record["kind"], record["reason"]), ("connection", "refused", "403 Go away"))
        self.assertEqual(record["request_head"].encode(), upgrade_request("a"))
        self.assertTrue(record["response_head"].startswith("HTTP/1.1 403 Go away\r\nX-Why"))
        self.assertEqual(record["url"], "ws://a/chat")

    # UPG-2: any final status but 101, with whatever body it has; then another try on the same connection
    def test_refusals_come_back_unchanged(self):
        refusals = (b"HTTP/1.1 401 x\r\nWWW-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3\r\nno!\r\n0\r\n\r\n",
                    b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
                    b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        server = None
        for number, refusal in enumerate(refusals, 1):
            self.client.send(upgrade_request("a"))
            server = server or self.server_port.accept()
            server.head()
            server.send(refusal)
            self.assertEqual(self.client.read(len(refusal)), refusal)
            self.assertEqual(self.tap.flow(number)["kind"], "refused")
        self.client.send(upgrade_request("a"))
        server.head()
        server.send(upgrade_response(), frame(TEXT, b"at last"))
        self.assertEqual((self.client.status(), self.client.frame().payload), (101, b"at last"))

    # UPG-2: interim responses are forwarded, and are not the answer
    def test_interim_responses_before_the_101(self):
        self.client.send(upgrade_request("a"))
        server = self.server_port.accept()
        server.head()
        interim = (b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n")
        for each in interim:
            server.send(each)
            self.assertEqual(self.client.head(), each)
        server.send(upgrade_response())
        self.assertEqual(self.client.status(), 101)
        self.client.send(close(1000, mask=MASK))
        self.assertEqual(server.frame().opcode, CLOSE)

    # FLOW-4: an upstream that says nothing, goes away, or says nonsense
    def test_upgrade_without_an_answer(self):
        number = 0
        self.server_port.accept()  # the tunnel of setUp
        for said, status, reason in ((b"", 502, "no response"), (b"HTTP/1.1 101 Swi", 502, "in the middle of a head"),
                                     (b"SSH-2.0-x\r\n\r\n", 502, "status line"),
                                     (b"HTTP/1.1 101 x\r\n\r\n", 502, "without being asked")):
            with self.subTest(reason):
                number += 1
                client = self.enterContext(tunnel_by_connect(self.tap, self.server_port.target))
                client.send(upgrade_request("a"))
                server = self.server_port.accept()
                server.head()
                server.send(said)
                server.finish()
                self.assertEqual(client.status(), status)
                self.assertIn(reason, client.rest().decode())
                record = self.tap.flow(number)
                self.assertEqual(record["kind"], "failed")
                self.assertIn(reason, record["reason"])


AMBIGUOUS_REQUESTS = (  # UPG-9: what is said, and what it is called
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length together with Transfer-Encoding"),
    ("Content-Length: 5\r\nContent-Length: 6\r\n", "more than one Content-Length"),
    ("Content-Length: 5\r\nContent-Length: 5\r\n", "more than one Content-Length"),
    ("X-A: 1\r\n folded: 2\r\n", "folded"),
    ("X-A: 1\nX-B: 2\r\n", "line feed"),
    ("Host: b\r\n", "more than one Host"),
    ("Transfer-Encoding : chunked\r\n", "before the colon"),
    ("Transfer-Encoding: xchunked\r\n", "Transfer-Encoding"),
)


class Ambiguous(TestCase):
    # UPG-9
    def test_requests_get_400_and_the_reason(self):
        tap, listener = self.proxy(), self.listener()
        for lines, reason in AMBIGUOUS_REQUESTS:
            with self.subTest(reason):
                client = self.connect(tap.address)
                client.send(f"POST http://{listener.target}/ HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
                self.assertEqual(client.status(), 400)
                self.assertIn(reason, client.rest().decode())
        listener.sock.settimeout(0.1)
        with self.assertRaises(TimeoutError):  # nobody was asked
            listener.accept()

    # UPG-9: and responses 502
    def test_responses_become_502(self):
        tap, listener = self.proxy(), self.listener()
        for lines, reason in AMBIGUOUS_REQUESTS:
            if "Host" in reason:
                continue
            with self.subTest(reason):
                client = self.connect(tap.address)
                client.send(f"GET http://{listener.target}/ HTTP/1.1\r\nHost: a\r\n\r\n")
                server = listener.accept()
                server.head()
                server.send(f"HTTP/1.1 200 OK\r\n{lines}\r\n")
                self.assertEqual(client.status(), 502)
                self.assertIn(reason, client.rest().decode())

    # UPG-9: an upgrade is no exception, nor is the answer to one
    def test_upgrades_are_no_exception(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/", "X-A: 1\r\n\tfolded\r\n"))
        self.assertEqual(client.status(), 400)
        client = self.connect(tap.address)
        client.send(upgrade_request("a", f"http://{listener.target}/"))
        server = listener.accept()
        server.head()
        server.send(upgrade_response("X-A : 1\r\n"))
        self.assertEqual(client.status(), 502)
        self.assertEqual(tap.flow()["kind"], "failed")

    # UPG-9: --lenient-heads
    def test_heads_pass_when_that_is_asked_for(self):
        tap, listener = self.proxy("--lenient-heads"), self.listener()
        client = self.enterContext(tunnel_by_connect(tap, listener.target))
        request = upgrade_request("a", extra="X-A: 1\r\n folded\r\nX-Space : 2\r\nHost: b\r\n")
        client.send(request)
        server = listener.accept()
        self.assertEqual(server.head(), request)
        response = upgrade_response("X-Folded: 1\r\n\t2\r\n")
        server.send(response)
        self.assertEqual(client.head(), response)
        client.send(masked(TEXT, b"x"))
        self.assertEqual(server.frame().payload, b"x")
        self.assertEqual(len(frames(tap.capture)), 1)


class Together(TestCase):
    # UPG-2, UPG-5: ordinary requests first, the upgrade last, on one connection
    def test_upgrade_behind_ordinary_requests(self):
        tap, listener = self.proxy(), self.listener()
        client = self.connect(tap.address)
        client.send(f"GET http://{listener.target}/page HTTP/1.1\r\nHost: a\r\n\r\n")
        server = listener.accept()
        server.head()
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
        client.head()
        client.read(4)
        client.send(upgrade_request("a", f"http://{listener.target}/ws"))
        self.assertEqual(server.head().split(b"\r\n")[0], b"GET /ws HTTP/1.1")  # over the same connection
        server.send(upgrade_response(), frame(TEXT, b"open"))
        self.assertEqual((client.status(), client.frame().payload), (101, b"open"))

    # FLOW-1
    def test_facts_of_a_flow(self):
        tap, listener = self.proxy(), self.listener()
        deflate = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"
        client, server = open_websocket(tap, listener, extra=deflate + "Sec-WebSocket-Protocol: a, b\r\n",
                                        agree=deflate + "Sec-WebSocket-Protocol: b\r\n")
        address = "%s:%d" % client.sock.getsockname()
        client.send(masked(TEXT, b"hello"))
        server.frame()
        server.send(close(1000))
        client.frame()
        client.send(close(1000, mask=MASK))
        server.frame()
        server.close()
        client.close()
        flow = tap.flow()
        self.assertEqual((flow["type"], flow["flow"], flow["protocol"], flow["state"]),
                         ("flow", 1, "WebSocket", "complete"))
        self.assertEqual(flow["client"], {"address": address, "http_version": "HTTP/1.1"})
        self.assertEqual(flow["server"], {"address": listener.target, "http_version": "HTTP/1.1"})
        self.assertEqual((flow["subprotocol"], flow["extensions"]),
                         ("b", "permessage-deflate; client_no_context_takeover"))
        self.assertEqual(flow["send"], {"frames": 2, "bytes": len(masked(TEXT, b"hello")) + 8})
        self.assertEqual(flow["receive"], {"frames": 1, "bytes": 4})
        self.assertRegex(flow["start"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertLess(flow["start"], flow["end"])


if __name__ == "__main__":
    unittest.main()
