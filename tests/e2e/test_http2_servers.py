# SPDX-License-Identifier: Apache-2.0
"""WebSockets over HTTP/2 with servers of other people: haproxy, nghttpx and hypercorn (H2-1, H2-2)."""
import unittest

from certificates import CertificateAuthority
from http2_peers import http2_session
from http2_servers import haproxy, hypercorn, nghttpx
from wstap_testing import TestCase, frames, inspect, run

SAID = [f"message {n}" for n in range(5)]
SOCKETS = 8


class Servers(TestCase):
    def setUp(self):
        self.authority = self.enterContext(CertificateAuthority())
        self.trust = run("ca", "path").stdout.strip()

    # H2-1, H2-2
    def sessions(self, serve, sockets=SOCKETS):
        echo = self.echo()
        port = self.enterContext(serve(self.authority.certificate("localhost"), echo.address[1]))
        tap = self.proxy("--upstream-ca", self.authority.file)
        work = [{"kind": "talk", "path": f"/{n}", "bytes": 300_000} for n in range(sockets)]
        result = http2_session(tap.address, f"localhost:{port}", work, ca=self.trust)
        self.assertTrue(result["connect"])
        for told in result["told"]:
            self.assertEqual(told["received"], [*SAID, told["expected"]])
            self.assertEqual(told["closed"][0], 4001)
        flows = inspect(tap.capture, "--flows")
        self.assertEqual({(f["state"], f["close_code"], f["began"]) for f in flows}, {("complete", 4001, "client")})
        self.assertEqual(len(flows), sockets)
        recorded = frames(tap.capture)
        self.assertEqual([r for r in recorded if "anomalies" in r], [])
        for flow in flows:
            sent = [r["length"] for r in recorded if r["flow"] == flow["flow"] and r["dir"] == "send"]
            self.assertEqual(sent, [9] * 5 + [300_000, 8])

    def test_haproxy(self):
        self.sessions(haproxy)

    def test_nghttpx(self):
        self.sessions(nghttpx)

    def test_hypercorn(self):
        self.sessions(hypercorn, sockets=1)  # of several, 0.13 forgets what is large


if __name__ == "__main__":
    unittest.main()
