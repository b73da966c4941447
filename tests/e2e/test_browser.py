# SPDX-License-Identifier: Apache-2.0
"""Chromium behind the proxy: a page of many resources (UPG-2), and WebSockets over ws and wss (UPG-5, TLS-1)."""
import base64
import hashlib
import http.server
import json
import queue
import subprocess
import threading
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certificates import CertificateAuthority
from raw_peers import trusting, tunnel_by_connect, WAIT
from wstap_testing import SANITIZED, TestCase, environment, eventually, frames, inspect, run

RESOURCES = 40
PATIENCE = 120 if SANITIZED else 60

PAGE = """<!doctype html><title>page</title>
<link rel=stylesheet href=/style.css><script src=/script.js></script><h1 id=h>heading</h1>
<script>
const report = result => fetch('/result', {method: 'POST', body: JSON.stringify(result)});
const image = n => new Promise((loaded, failed) => {
  const i = new Image(); i.onload = () => loaded(1); i.onerror = failed; i.src = '/image.gif?' + n; });
const talk = url => new Promise((done, failed) => {
  const ws = new WebSocket(url), got = [];
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => { ws.send('from the browser'); ws.send(new Uint8Array(70000)); ws.send(''); };
  ws.onmessage = e => {
    got.push(typeof e.data === 'string' ? e.data : e.data.byteLength);
    if (got.length === 3) ws.close(4000, 'seen enough'); };
  ws.onclose = e => done([...got, e.code, e.reason]);
  ws.onerror = () => failed(new Error(url)); });
(async () => {
  try {
    const images = await Promise.all([...Array(%(resources)d).keys()].map(image));
    const posted = await (await fetch('/digest', {method: 'POST', body: new Uint8Array(300000)})).text();
    const streamed = (await (await fetch('/chunks')).text()).length;
    const secure = await (await fetch('https://localhost:%(secure)d/secure')).text();
    report({images: images.length, posted, streamed, secure, script: window.loaded,
            colour: getComputedStyle(document.getElementById('h')).color,
            ws: await talk('ws://localhost:%(ws)d/plain'), wss: await talk('wss://localhost:%(wss)d/tls')});
  } catch (fault) { report({fault: String(fault)}); }
})();
</script>"""


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    FILES = {"/style.css": ("text/css", b"h1 { color: rgb(1, 2, 3) }"),
             "/script.js": ("text/javascript", b"loaded = true"),
             "/image.gif": ("image/gif", base64.b64decode("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==")),
             "/secure": ("text/plain", b"over TLS")}

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/":
            self.reply("text/html", self.server.page.encode())
        elif path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif path in self.FILES:
            self.reply(*self.FILES[path])
        else:
            self.send_error(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/result":
            self.server.results.put(json.loads(body))
        self.reply("text/plain", hashlib.sha256(body).hexdigest().encode())

    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Browser(TestCase):
    def serve(self, tls=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        server.daemon_threads = True
        server.results = queue.Queue()
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def trusted_keys(self, ports):
        """@return the hashes of the keys in wstap's leaves for these servers, which the browser is told to trust."""
        hashes = []
        for port in ports:
            with tunnel_by_connect(self.tap, f"localhost:{port}") as tunnel:
                client = tunnel.start_tls(trusting(run("ca", "path").stdout.strip()), "localhost")
                leaf = x509.load_der_x509_certificate(client.sock.getpeercert(binary_form=True))
                client.close()
            key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            hashes.append(base64.b64encode(hashlib.sha256(key).digest()).decode())
        return ",".join(hashes)

    def browse(self, url, keys):
        profile = self.path("profile")
        browser = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--proxy-server=http://%s:%d" % self.tap.address,
             # Its vendor's hosts are none of the proxy's business: everything with a dot goes nowhere near it.
             "--proxy-bypass-list=<-loopback>;*.*", f"--ignore-certificate-errors-spki-list={keys}",
             f"--user-data-dir={profile}", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(HOME=str(profile)))
        self.addCleanup(browser.wait, WAIT)
        self.addCleanup(browser.kill)
        self.addCleanup(browser.terminate)

    def ended_flows(self):
        flows = {f["url"]: f for f in inspect(self.tap.capture, "--flows") if f.get("state", "active") != "active"}
        return flows if len(flows) == 2 else None

    # UPG-2, UPG-5, TLS-1
    def test_loads_a_site_and_opens_websockets(self):
        authority = self.enterContext(CertificateAuthority())
        trusted = self.path("trusted.pem")
        trusted.write_text(authority.file.read_text() + run("ca", "export").stdout)
        site, secure = self.serve(), self.serve(authority.server("localhost"))
        echo, secure_echo = self.echo(), self.echo("--tls")
        self.tap = self.proxy("--upstream-ca", trusted)
        site.page = PAGE % {"resources": RESOURCES, "secure": secure.server_port, "ws": echo.address[1],
                            "wss": secure_echo.address[1]}
        self.browse(f"http://localhost:{site.server_port}/",
                    self.trusted_keys([secure.server_port, secure_echo.address[1]]))
        result = site.results.get(timeout=PATIENCE)
        talk = ["from the browser", 70000, "", 4000, "seen enough"]
        self.assertEqual(result, {"images": RESOURCES, "posted": hashlib.sha256(bytes(300000)).hexdigest(),
                                  "streamed": 50000, "secure": "over TLS", "script": True, "colour": "rgb(1, 2, 3)",
                                  "ws": talk, "wss": talk})
        flows = eventually(self.ended_flows, "the end of both flows")
        self.assertEqual(set(flows), {f"ws://localhost:{echo.address[1]}/plain",
                                      f"wss://localhost:{secure_echo.address[1]}/tls"})
        for flow in flows.values():
            self.assertEqual((flow["state"], flow["close_code"], flow["close_reason"]),
                             ("complete", 4000, "seen enough"))
            sent = frames(self.tap.capture, "send", flow["flow"])
            self.assertEqual([(r["opcode"], r["length"]) for r in sent],
                             [("text", 16), ("binary", 70000), ("text", 0), ("close", 13)])
            self.assertEqual(sent[0]["payload"], "from the browser")


if __name__ == "__main__":
    unittest.main()
