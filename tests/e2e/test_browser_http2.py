# SPDX-License-Identifier: Apache-2.0
"""Chromium behind the proxy, with a server that speaks HTTP/2 only, and one that speaks HTTP/1: the page, and WebSockets
on the same connection (H2-1, H2-2, H2-3, UPG-2)."""
import unittest

from browser import Chromium, through, trusted_keys
from certificates import CertificateAuthority
from http2_peers import Http1Site, Http2Server
from wstap_testing import SANITIZED, TestCase, eventually, everything, frames, inspect

PATIENCE = 120 if SANITIZED else 60
SOCKETS = 5
PAGE = """<!doctype html><title>page</title>
<script>
const talk = n => new Promise((done, failed) => {
  const ws = new WebSocket(`wss://${location.host}/${n}`), got = [];
  ws.binaryType = 'arraybuffer';
  // Not all at once: an empty message behind a large one that is still being sent, Chromium 156 keeps for itself.
  const says = ['from the browser', new Uint8Array(70000), ''];
  const next = () => says.length ? ws.send(says.shift()) : ws.close(4000, 'seen enough');
  ws.onopen = next;
  ws.onmessage = e => { got.push(typeof e.data === 'string' ? e.data : e.data.byteLength); next(); };
  ws.onclose = e => done([...got, e.code, e.reason]);
  ws.onerror = () => failed(new Error(n)); });
(async () => {
  const digest = await (await fetch('/digest', {method: 'POST', body: new Uint8Array(300000)})).text();
  const loads = [...Array(20).keys()].map(async n => (await (await fetch('/load?' + (n * 5000))).text()).length);
  const sockets = [...Array(%d).keys()].map(talk);
  return {digest: digest.length, loads: await Promise.all(loads), sockets: await Promise.all(sockets)};
})().catch(fault => ({fault: String(fault)}))
  .then(result => fetch('/result', {method: 'POST', body: JSON.stringify(result)}));
</script>""" % SOCKETS


class Browser(TestCase):
    def test_a_page_and_its_sockets(self):
        self.visit(Http2Server, "HTTP/2")

    # H2-3: all of it at a server that speaks HTTP/1
    def test_a_bridge(self):
        self.visit(Http1Site, "HTTP/1.1", "--bridge")

    def visit(self, site, version, *args):
        authority = self.enterContext(CertificateAuthority())
        page = self.path("page.html")
        page.write_text(PAGE)
        server = self.enterContext(site(authority.certificate("localhost"), page=str(page)))
        tap = self.proxy("--upstream-ca", authority.file, *args)
        self.enterContext(Chromium(self.path("profile"), *through(tap, trusted_keys(tap, [server.port])),
                                   f"https://{server.authority}/"))
        result = server.result(PATIENCE)
        self.assertEqual(result, {"digest": 64, "loads": [n * 5000 for n in range(20)],
                                  "sockets": [["from the browser", 70000, "", 4000, "seen enough"]] * SOCKETS})
        def ended():
            flows = [f for f in inspect(tap.capture, "--flows") if f.get("state", "active") != "active"]
            return flows if len(flows) == SOCKETS else None
        for flow in eventually(ended, "the end of the flows"):
            self.assertEqual((flow["state"], flow["close_code"], flow["close_reason"]),
                             ("complete", 4000, "seen enough"))
            sent = frames(tap.capture, "send", flow["flow"])
            self.assertEqual([r["opcode"] for r in sent], ["text", "binary", "text", "close"])
            if version == "HTTP/2":  # the other one compresses
                self.assertEqual([r["length"] for r in sent], [16, 70000, 0, 13])
        opened = [r for r in everything(tap.capture) if r["type"] == "flow" and r["state"] == "active"]
        self.assertEqual({(r["client"]["http_version"], r["server"]["http_version"]) for r in opened}, {("HTTP/2", version)})
        self.assertEqual(len({r["client"]["address"] for r in opened}), 1)  # all of one connection


if __name__ == "__main__":
    unittest.main()
