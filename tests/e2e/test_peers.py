# SPDX-License-Identifier: Apache-2.0
"""WebSocket libraries that people use, as clients and as servers: over every way in, ws and wss, compressed or not."""
import asyncio
import json
import threading
import unittest

import websockets
import websockets.legacy.client

from certificates import CertificateAuthority
from conversations import node
from raw_peers import connect, trusting, tunnel_by_connect, tunnel_by_socks, WAIT
from wstap_testing import SANITIZED, TestCase, frames, inspect, run

PATIENCE = WAIT * 4 if SANITIZED else WAIT * 2
WAYS = {"ws": ("connect", "socks", "absolute", "reverse"), "wss": ("connect", "socks", "reverse")}


class NodeServer:
    def __init__(self, certificate=None):
        self.process = node("ws_server.js", *([certificate] if certificate else []))
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.terminate()
        self.process.wait(WAIT)
        self.process.stdout.close()


class PythonServer:
    def __init__(self, tls=None):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = self.call(self.start(tls))

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT)

    async def start(self, tls):
        self.server = await websockets.serve(self.echo, "127.0.0.1", 0, ssl=tls, max_size=None, ping_interval=None)
        return self.server.sockets[0].getsockname()[1]

    async def echo(self, ws):
        try:
            async for message in ws:
                await ws.send(message)
        except websockets.ConnectionClosed:
            pass

    async def end(self):
        self.server.close()
        await self.server.wait_closed()

    def close(self):
        self.call(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(WAIT)
        self.loop.close()


class AbsoluteForm(websockets.legacy.client.WebSocketClientProtocol):
    """Asks as clients ask a proxy."""

    def write_http_request(self, path, headers):
        super().write_http_request(f"http://{headers['Host']}{path}", headers)


async def python_session(session):
    url, way = session["url"], session["way"]
    target = url.split("/")[2]
    where = type("Where", (), {"address": session["proxy"]})
    if way == "connect":
        sock = tunnel_by_connect(where, target).sock
    elif way == "socks":
        sock = tunnel_by_socks(where, target).sock
    else:
        sock = connect(session["proxy"]).sock
    sock.setblocking(False)
    secure = {"ssl": trusting(session["ca"]), "server_hostname": "localhost"} if url.startswith("wss") else {}
    protocol = AbsoluteForm if way == "absolute" else websockets.legacy.client.WebSocketClientProtocol
    async with websockets.connect(url, sock=sock, create_protocol=protocol, max_size=None, ping_interval=None,
                                  compression="deflate" if session["deflate"] else None, **secure) as ws:
        assert bool(ws.extensions) == session["deflate"], ws.extensions
        for message in ("hello", "grüße " * 2000, "", bytes(65536), b""):
            await ws.send(message)
            assert await ws.recv() == message
        await ws.send(["in ", "three ", "parts"])  # one message of three fragments
        assert await ws.recv() == "in three parts"
        await (await ws.ping("are you there"))
        await ws.close(4001, "enough")
        assert (ws.close_code, ws.close_reason) == (4001, "enough"), (ws.close_code, ws.close_reason)


def python_client(sessions):
    for session in sessions:
        asyncio.run(asyncio.wait_for(python_session(session), WAIT))


def node_client(sessions):
    client = node("ws_client.js", json.dumps(sessions))
    try:
        said, _ = client.communicate(timeout=PATIENCE)
    finally:
        client.kill()
        client.wait(WAIT)
    assert said.split("\n")[:-1] == ["ok"] * len(sessions), said


class Libraries(TestCase):
    # UPG-5, UPG-6, FRM-1, TLS-1: the whole matrix; every session ends with the close its client said
    def sessions(self, client, make_server):
        authority = self.enterContext(CertificateAuthority())
        trust = run("ca", "path").stdout.strip()
        for scheme in ("ws", "wss"):
            server = make_server(authority if scheme == "wss" else None)
            self.addCleanup(server.close)
            forward = self.proxy("--upstream-ca", authority.file)
            reverse = self.proxy("--upstream-ca", authority.file, "--reverse", f"{scheme}://localhost:{server.port}")
            for deflate in (False, True):
                sessions = []
                for way in WAYS[scheme]:
                    # Behind --reverse it is wstap that speaks TLS, if anybody; the client's leg is then plain.
                    url = f"{scheme}://localhost:{server.port}/{way}"
                    if way == "reverse":
                        url = f"ws://localhost:{reverse.address[1]}/{way}"
                    sessions.append({"url": url, "way": way, "deflate": deflate, "ca": trust,
                                     "proxy": (reverse if way == "reverse" else forward).address})
                with self.subTest(f"{scheme}, deflate: {deflate}"):
                    client(sessions)
            for tap, ways in ((forward, set(WAYS[scheme]) - {"reverse"}), (reverse, {"reverse"})):
                self.assertEqual(tap.stop(), 0)
                self.check(tap.capture, scheme, ways)

    def check(self, capture, scheme, ways):
        flows = inspect(capture, "--flows")
        self.assertEqual(len(flows), 2 * len(ways))
        self.assertEqual({flow["url"].split("/")[-1] for flow in flows}, ways)
        self.assertEqual({(f["state"], f["close_code"], f.get("close_reason"), f["began"]) for f in flows},
                         {("complete", 4001, "enough", "client")})
        recorded = frames(capture)
        self.assertEqual([r for r in recorded if "anomalies" in r], [])
        for flow in flows:
            own = [r for r in recorded if r["flow"] == flow["flow"]]
            self.assertEqual(len(own), flow["send"]["frames"] + flow["receive"]["frames"])
            # Compressed frames pass, and are recorded, as they are; what they say is shown.
            texts = [r for r in own if r["opcode"] == "text"]
            deflated = "permessage-deflate" in flow.get("extensions", "")
            self.assertEqual(any(r["compressed"] for r in texts), deflated)
            if not deflated:
                parts = [r["payload"] for r in own if r["dir"] == "send" and "message" in r]
                self.assertEqual((parts[:3], set(parts[3:]) - {""}), (["in ", "three ", "parts"], set()))
                continue
            said = {way: [r.get("payload", r.get("payload_b64")) for r in own if r["compressed"] and r["fin"] and r["dir"] == way]
                    for way in ("send", "receive")}
            self.assertEqual(said["send"], said["receive"])
            self.assertIn("in three parts", said["send"])

    def test_python_and_python(self):
        self.sessions(python_client, lambda ca: PythonServer(ca and ca.server("localhost")))

    def test_node_and_node(self):
        self.sessions(node_client, lambda ca: NodeServer(ca and ca.certificate("localhost")))

    def test_python_and_node(self):
        self.sessions(python_client, lambda ca: NodeServer(ca and ca.certificate("localhost")))

    def test_node_and_python(self):
        self.sessions(node_client, lambda ca: PythonServer(ca and ca.server("localhost")))


class Echo(TestCase):
    # wstap's own server, with a client of somebody else's
    def test_echo_with_and_without_tls(self):
        trust = run("ca", "path").stdout.strip()
        for flag, scheme in (((), "ws"), (("--tls",), "wss")):
            echo = self.echo(*flag)
            tap = self.proxy("--upstream-ca", trust)
            session = {"url": f"{scheme}://localhost:{echo.address[1]}/", "way": "connect", "deflate": False,
                       "ca": trust, "proxy": tap.address}
            python_client([session])
            node_client([session])
            self.assertEqual(tap.stop(), 0)
            self.assertEqual([f["close_code"] for f in inspect(tap.capture, "--flows")], [4001, 4001])

    # wstap's own server as a source
    def test_source(self):
        echo, tap = self.echo("--source", "5", "--size", "3000"), self.proxy()

        async def count():
            tunnel = tunnel_by_connect(tap, "localhost:%d" % echo.address[1]).sock
            tunnel.setblocking(False)
            async with websockets.connect("ws://localhost/", sock=tunnel) as ws:
                return [len(message) async for message in ws]
        self.assertEqual(asyncio.run(asyncio.wait_for(count(), WAIT)), [3000] * 5)
        self.assertEqual(tap.flow()["close_code"], 1000)


if __name__ == "__main__":
    unittest.main()
