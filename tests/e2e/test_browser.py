# SPDX-License-Identifier: Apache-2.0
"""Chromium behind the proxy: a page of many resources (UPG-2), WebSockets over ws and wss (UPG-5, TLS-1), and compressed
messages, altered and not (DEF-3, DEF-4)."""
import asyncio
import base64
import contextlib
import hashlib
import http.server
import itertools
import json
import queue
import threading
import time
import unittest

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from altering import AlteringProxy, all_altered, tagged
from browser import Chromium, through, trusted_keys
from certificates import CertificateAuthority
from conversations import END, agreements, as_json, talk, whole
from reviewing import held, intercept
from wstap_testing import SANITIZED, Proxy, TestCase, eventually, frames, inspect, run

RESOURCES = 40
PATIENCE = 120 if SANITIZED else 60
MESSAGES = 20 if SANITIZED else 60

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


RULES = """
[[safety.input]]
id = "noted"
pattern = "last"
action = "log_only"

[[safety.output]]
id = "hidden"
pattern = "picture"
replacement = "[gone]"
direction = "both"

[[transform]]
id = "swap"
filter = 'send and text'
replace = { pattern = "frame", with = "picture" }
"""

TALKING_PAGE = """<!doctype html><title>talk</title>
<script>
const sent = %(sent)s, end = '%(end)s';
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const encode = data => typeof data === 'string'
  ? 't' + data : 'b' + btoa(Array.from(new Uint8Array(data), c => String.fromCharCode(c)).join(''));
const talk = url => new Promise((done, failed) => {
  const ws = new WebSocket(url), received = [];
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => {
    for (const each of sent) ws.send(each[0] === 't' ? each.slice(1) : bytes(each.slice(1)));
    ws.send(end); };
  ws.onmessage = e => {
    if (e.data !== end) return received.push(encode(e.data));
    done({extensions: ws.extensions, received});
    ws.close(); };
  ws.onerror = () => failed(new Error(url)); });
Promise.all(%(urls)s.map(talk)).catch(String)
  .then(result => fetch('/result', {method: 'POST', body: JSON.stringify(result)}));
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


class EachAgreement(ServerPerMessageDeflateFactory):
    """Answers one connection after the other with another agreement that a browser's offer allows."""
    AGREEMENTS = list(agreements((9, 15)))

    def __init__(self):
        super().__init__()
        self.next = itertools.cycle(self.AGREEMENTS)

    def process_request_params(self, params, accepted_extensions):
        return ServerPerMessageDeflateFactory(*next(self.next)).process_request_params(params, accepted_extensions)


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

    def browse(self, url, *flags):
        self.enterContext(Chromium(self.path("profile"), *flags, url))

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
        keys = trusted_keys(self.tap, [secure.server_port, secure_echo.address[1]])
        self.browse(f"http://localhost:{site.server_port}/", *through(self.tap, keys))
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

    # DEF-1, DEF-3, DEF-4: in every agreement, through a proxy that alters nothing, and one that alters both directions
    def test_compressed_messages(self):
        count = len(EachAgreement.AGREEMENTS)
        page_says, server_says = list(tagged(MESSAGES, 1)), list(tagged(MESSAGES, 2))
        received = []

        async def serve(ws):
            received.append((ws.path, await talk(ws, server_says)))
            await ws.wait_closed()

        async def visit():
            async with websockets.serve(serve, "127.0.0.1", 0, max_size=None, ping_interval=None, compression=None,
                                        extensions=[EachAgreement()]) as served:
                url = f"ws://127.0.0.1:{served.sockets[0].getsockname()[1]}"
                taps = [self.enterContext(kind("--reverse", url)) for kind in (Proxy, AlteringProxy)]
                site = self.serve()
                site.page = TALKING_PAGE % {
                    "sent": json.dumps([as_json(whole(message)) for message in page_says]), "end": END,
                    "urls": json.dumps([f"ws://localhost:{tap.address[1]}/{n}/{k}" for n, tap in enumerate(taps)
                                        for k in range(count)])}
                self.browse(f"http://localhost:{site.server_port}/", "--no-proxy-server")
                return taps, await asyncio.to_thread(site.results.get, timeout=PATIENCE)
        taps, result = asyncio.run(visit())
        at_server = dict(received)
        plain = [[whole(message) for message in each] for each in (page_says, server_says)]
        expected = (plain, [all_altered(each) for each in plain])
        self.assertEqual(len({each["extensions"] for each in result}), count)
        for n, (tap, (from_page, from_server)) in enumerate(zip(taps, expected)):
            for k in range(count):
                self.assertEqual(at_server[f"/{n}/{k}"], from_page)
                self.assertEqual(result[n * count + k]["received"], [as_json(message) for message in from_server])
            tap.stop()
            recorded = frames(tap.capture)
            self.assertTrue(all(r["compressed"] for r in recorded if r["opcode"] == "text" and r["verdict"] != "injected"))
            self.assertEqual({r["verdict"] for r in recorded},
                             {"forwarded", "changed", "dropped", "injected"} if n else {"forwarded"})

    # HOLD-1, HOLD-3, HOLD-4: a compressed message is held, six times as long as the server waits for a Pong
    def test_held_message(self):
        says = ["one", "hold me", "two"]
        arrived = []

        async def echo(ws):
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in ws:
                    arrived.append(message)
                    await ws.send(message)

        def decide():
            item, = held(self.tap)
            self.assertEqual((item["payload"], item["compressed"]), ("hold me", True))
            time.sleep(2)
            intercept(self.tap, "modify", item["id"], "--text", "changed", "--name", "ann")

        async def visit():
            async with websockets.serve(echo, "127.0.0.1", 0, ping_interval=0.3, ping_timeout=PATIENCE if SANITIZED else 0.3) as served:
                self.tap = self.proxy("--reverse", f"ws://127.0.0.1:{served.sockets[0].getsockname()[1]}", "--hold-keepalive",
                                      "100ms", "--hold-keepalive-client", "100ms", "--hold", 'send and text contains "hold"')
                site = self.serve()
                site.page = TALKING_PAGE % {"sent": json.dumps([as_json(message) for message in says]), "end": END,
                                            "urls": json.dumps(["ws://localhost:%d/" % self.tap.address[1]])}
                self.browse(f"http://localhost:{site.server_port}/", "--no-proxy-server")
                await asyncio.to_thread(decide)
                return await asyncio.to_thread(site.results.get, timeout=PATIENCE)
        result, = asyncio.run(visit())
        self.assertEqual(result["received"], [as_json(message) for message in ("one", "changed", "two")])
        self.assertEqual(arrived, ["one", "changed", "two", END])
        self.tap.stop()
        recorded = frames(self.tap.capture)
        changed, = [r for r in recorded if r.get("cause") == "reviewer:ann"]
        self.assertEqual((changed["verdict"], changed["payload"]), ("changed", "hold me"))
        self.assertGreater(changed["held_ns"], 2_000_000_000)
        for direction in ("send", "receive"):
            self.assertTrue([r for r in recorded if r["dir"] == direction and r.get("cause") == "keepalive"])
        self.assertEqual(run("inspect", "--lint", self.tap.capture).stdout, "")

    # PIPE-6, SAFE-3, SAFE-4: rules between a browser and a server that compress, over wss
    def test_rules(self):
        authority = self.enterContext(CertificateAuthority())
        rules = self.path("rules.toml")
        rules.write_text(RULES)
        says = ["a frame", "", "frame " * 2000, b"frame", "the last one"]

        async def echo(ws):
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in ws:
                    await ws.send(message)

        async def visit():
            async with websockets.serve(echo, "127.0.0.1", 0, ssl=authority.server("localhost"), ping_interval=None) as served:
                port = served.sockets[0].getsockname()[1]
                self.tap = self.proxy("--upstream-ca", authority.file, "--rules", rules)
                site = self.serve()
                site.page = TALKING_PAGE % {"sent": json.dumps([as_json(message) for message in says]), "end": END,
                                            "urls": json.dumps([f"wss://localhost:{port}/rules"])}
                keys = await asyncio.to_thread(trusted_keys, self.tap, [port])
                self.browse(f"http://localhost:{site.server_port}/", *through(self.tap, keys))
                return await asyncio.to_thread(site.results.get, timeout=PATIENCE)
        result, = asyncio.run(visit())
        self.assertIn("permessage-deflate", result["extensions"])
        changed = [message.replace("frame", "picture") if isinstance(message, str) else message for message in says]
        self.assertEqual(result["received"], [as_json(message) for message in changed])
        self.tap.stop()
        recorded = frames(self.tap.capture, "receive")
        self.assertEqual([r["payload"] for r in recorded if r["opcode"] == "text"][:3],
                         [message.replace("picture", "[gone]") for message in changed[:3]])
        sent = frames(self.tap.capture, "send")
        self.assertEqual(len([r for r in sent if r["verdict"] == "changed" and r.get("rule") == "swap"]), 2)
        self.assertEqual([r["payload"] for r in sent if r.get("safety_logged")], ["the last one"])
        self.assertFalse(b"picture" in self.tap.capture.read_bytes())


if __name__ == "__main__":
    unittest.main()
