# SPDX-License-Identifier: Apache-2.0
"""WebSockets over HTTP/2 between node's `http2` and itself: recorded, held and changed like any other, beside ordinary
requests of the same connection (H2-1, H2-2, H2-4, TLS-6, UPG-2, UPG-5)."""
import hashlib
import unittest

from certificates import CertificateAuthority
from http2_peers import Http2Client, Http2Server, http2_session
from reviewing import held, intercept
from wstap_testing import RulesTest, everything, frames, inspect, run

TALK = {"kind": "talk"}
SAID = [f"message {n}" for n in range(5)]
CLOSED = [4001, "enough"]


class Http2Test(RulesTest):
    def setUp(self):
        super().setUp()
        self.authority = self.enterContext(CertificateAuthority())
        self.trust = run("ca", "path").stdout.strip()

    def server(self, **settings):
        return self.enterContext(Http2Server(self.authority.certificate("localhost"), **settings))

    def secure_proxy(self, *args, **options):
        return self.proxy("--upstream-ca", self.authority.file, *args, **options)

    def work(self, tap, server, *pieces, **options):
        return http2_session(tap.address, server.authority, pieces, **{"ca": self.trust} | options)


class WebSockets(Http2Test):
    # H2-1, TLS-6: both legs speak HTTP/2, and the recording says what was said
    def test_a_session(self):
        server, tap = self.server(), self.secure_proxy()
        result = self.work(tap, server, TALK)
        self.assertTrue(result["connect"])
        self.assertEqual(result["told"], [{"received": SAID, "closed": CLOSED}])
        flow = tap.flow()
        self.assertEqual((flow["url"], flow["state"], flow["close_code"], flow["began"]),
                         (f"wss://{server.authority}/echo", "complete", 4001, "client"))
        self.assertNotIn("anomalies", flow)
        recorded = frames(tap.capture)
        self.assertEqual([r["payload"] for r in recorded if r["dir"] == "send" and r["opcode"] == "text"], SAID)
        self.assertEqual({r["masked"] for r in recorded if r["dir"] == "send"}, {True})
        self.assertEqual({r["masked"] for r in recorded if r["dir"] == "receive"}, {False})
        opened = next(r for r in everything(tap.capture) if r["type"] == "flow")
        for leg in ("client", "server"):
            self.assertEqual((opened[leg]["http_version"], opened[leg]["tls"]["alpn"]), ("HTTP/2", "h2"))
        self.assertTrue(opened["request_head"].startswith(":"))
        self.assertIn("\r\n:protocol: websocket\r\n", opened["request_head"])
        self.assertIn(":status: 200\r\n", opened["response_head"])

    # H2-1: mirrored, so that clients do not even ask
    def test_a_server_without_extended_connect(self):
        server, tap = self.server(connect=False), self.secure_proxy()
        result = self.work(tap, server, {"path": "/?5"})
        self.assertFalse(result["connect"])
        self.assertEqual(result["told"][0]["body"], "hello")

    # H2-2: many at a time, one of them large
    def test_many_on_one_connection(self):
        server, tap = self.server(), self.secure_proxy()
        work = [{"kind": "talk", "path": f"/{n}", "bytes": (1 << 20 if n == 7 else 0)} for n in range(40)]
        told = self.work(tap, server, *work)["told"]
        for n, each in enumerate(told):
            self.assertEqual(each["received"][:5], SAID, n)
            self.assertEqual(each["received"][5:], [each["expected"]] if n == 7 else [], n)
            self.assertEqual(each["closed"], CLOSED)
        flows = inspect(tap.capture, "--flows")
        self.assertEqual(sorted(f["url"].rsplit("/", 1)[1] for f in flows), sorted(str(n) for n in range(40)))
        self.assertEqual({f["state"] for f in flows}, {"complete"})

    # H2-2, HOLD-1: a held frame stops its own stream's direction, and nothing else
    def test_hold_one_change_another(self):
        server = self.server()
        self.rules.write_text("""
[[hold]]
id = "h"
filter = 'send and text and url contains "/held"'
[[transform]]
id = "t"
filter = 'send and text and url contains "/changed"'
replace = { pattern = 'message', with = 'altered to be longer' }
""")
        tap = self.secure_proxy("--rules", self.rules)
        work = [{"kind": "talk", "path": "/held", "messages": 1}, {"kind": "talk", "path": "/changed"}, TALK,
                {"path": "/?100000"}]
        with Http2Client(tap.address, server.authority, work, ca=self.trust) as client:
            item, = held(tap)
            self.assertEqual((item["payload"], item["upgrade_url"]), (SAID[0], f"wss://{server.authority}/held"))
            # The others come to their end meanwhile.
            for number in (f["flow"] for f in inspect(tap.capture, "--flows") if "/held" not in f["url"]):
                self.assertEqual(tap.flow(number)["state"], "complete")
            intercept(tap, "modify", item["id"], "--text", "by hand")
            told = client.result()["told"]
        self.assertEqual(told[0]["received"], ["by hand"])
        self.assertEqual(told[1]["received"], [each.replace("message", "altered to be longer") for each in SAID])
        self.assertEqual(told[2]["received"], SAID)
        self.assertEqual(told[3]["bytes"], 100_000)

    # UPG-2, FLOW-4: what is refused goes back as it is
    def test_refusals(self):
        server, tap = self.server(), self.secure_proxy()
        told = self.work(tap, server, {"kind": "talk", "path": "/refuse"}, {"kind": "talk", "path": "/abort"})["told"]
        self.assertEqual((told[0]["status"], told[0]["why"]), (403, "no"))
        self.assertEqual(told[1]["fault"], "ERR_HTTP2_STREAM_ERROR")
        kinds = {r["url"].rsplit("/", 1)[1]: (r["type"], r.get("kind"), r.get("reason"))
                 for r in everything(tap.capture) if r["type"] == "connection"}
        self.assertEqual(kinds["refuse"][1:], ("refused", "403"))
        self.assertEqual(kinds["abort"][1], "failed")
        self.assertIn("REFUSED_STREAM", kinds["abort"][2])



class Requests(Http2Test):
    # UPG-2: ordinary requests pass, streamed, with interim responses and trailers
    def test_ordinary_requests(self):
        server, tap = self.server(), self.secure_proxy()
        told = self.work(tap, server, {"path": "/?3000000"}, {"method": "POST", "path": "/digest", "bytes": 2_000_000},
                         {"path": "/interim"}, {"path": "/trailers"}, {"method": "HEAD", "path": "/"},
                         {"path": "/cut"}, {"path": "/headers", "headers": {"cookie": "a=1; b=2", "x-Odd": "v"}})["told"]
        self.assertEqual((told[0]["status"], told[0]["bytes"]), (200, 3_000_000))
        self.assertEqual(told[1]["body"], hashlib.sha256((b"body" * 500_000)).hexdigest())
        self.assertEqual((told[2]["interim"], told[2]["status"]), (103, 200))
        self.assertEqual((told[3]["body"], told[3]["trailers"]), ("body", "of the body"))
        self.assertEqual((told[4]["status"], told[4]["bytes"]), (200, 0))
        self.assertEqual(told[5]["fault"], "ERR_HTTP2_STREAM_ERROR")
        self.assertIn('"x-odd":"v"', told[6]["body"])
        self.assertIn('"cookie":"a=1; b=2"', told[6]["body"])
        self.assertEqual(inspect(tap.capture, "--flows"), [])

    # H2-1: a host that the certificate does not cover
    def test_other_authorities(self):
        server = self.enterContext(Http2Server(self.authority.certificate("localhost", "*.example.com")))
        tap = self.secure_proxy()
        hosts = {"localhost": 200, "a.example.com": 200, "example.com": 421, "a.b.example.com": 421, "other": 421, "127.0.0.1": 421}
        told = self.work(tap, server, *({"path": "/", "headers": {":authority": host}} for host in hosts))["told"]
        self.assertEqual([each["status"] for each in told], list(hosts.values()))
        self.assertIn("certificate", told[2]["body"])

    # UPG-5, H2-4: in the clear, by prior knowledge
    def test_h2c(self):
        server, tap = self.enterContext(Http2Server()), self.proxy()
        told = self.work(tap, server, TALK, {"path": "/?5"}, ca=None)["told"]
        self.assertEqual((told[0]["received"], told[1]["body"]), (SAID, "hello"))
        self.assertEqual(tap.flow()["url"], f"ws://{server.authority}/echo")

    # UPG-6: a reverse proxy offers what its upstream speaks
    def test_reverse(self):
        server = self.server()
        tap = self.secure_proxy("--reverse", f"https://localhost:{server.port}")
        told = self.work(tap, server, TALK, {"path": "/?5"}, tunnel=False)["told"]
        self.assertEqual((told[0]["received"], told[1]["body"]), (SAID, "hello"))
        plain = self.enterContext(Http2Server())
        tap = self.proxy("--reverse", f"http://localhost:{plain.port}")
        told = self.work(tap, plain, TALK, {"path": "/?5"}, tunnel=False, ca=None)["told"]
        self.assertEqual((told[0]["received"], told[1]["body"]), (SAID, "hello"))


if __name__ == "__main__":
    unittest.main()
