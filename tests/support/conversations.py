# SPDX-License-Identifier: Apache-2.0
"""Conversations of WebSocket libraries: random messages, ends of python-websockets and of node's `ws` that say and collect
them at the same time, and what a capture has of them."""
import asyncio
import base64
import contextlib
import itertools
import json
import pathlib
import random
import subprocess
import tempfile
import unittest.mock
import zlib

import websockets

from raw_peers import WAIT, in_background, tunnel_by_connect
from wstap_testing import environment, run

PEERS = pathlib.Path(__file__).resolve().parents[1] / "e2e"
END = "the end"  # the last message of each end


def messages(count, seed):
    """Text and bytes: empty, short, long, repetitive, random, and in fragments (lists)."""
    chance = random.Random(seed)
    words = ["frame ", "mask ", '{"id":', "}, ", "0123456789", "\N{SNOWMAN}", "\n"]
    for n in range(count):
        size = chance.choice((0, 1, 5, 40, 300, 3000)) if n % 97 else 70_000
        text = "".join(chance.choices(words, k=size // 4))
        if n % 5 == 1:
            yield chance.randbytes(size)
        elif n % 7 == 2:
            yield [text[at:at + 100] for at in range(0, len(text) + 1, 100)]
        else:
            yield text


def whole(message):
    return "".join(message) if isinstance(message, list) else message


def said(capture, direction):
    """@return what the messages of a direction say."""
    listed = run("inspect", "--messages", "--json", capture).stdout.splitlines()
    found = [m for m in map(json.loads, listed) if m["dir"] == direction]
    return [m["payload"] if "payload" in m else base64.b64decode(m["payload_b64"]) for m in found], found


def agreements(bits):
    """Every way to agree on permessage-deflate (RFC 7692 7.1).

    @return server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_max_window_bits
    """
    return itertools.product((False, True), (False, True), bits, bits)


# python-websockets

async def talk(ws, sent):
    """Either end: says all of `sent` and collects what comes. @return that, without the end."""
    async def say():
        for message in sent:
            await ws.send(message)
        await ws.send(END)

    async def listen():
        received = []
        while (message := await ws.recv()) != END:
            received.append(message)
        return received
    return (await asyncio.gather(say(), listen()))[1]


@contextlib.asynccontextmanager
async def connected(proxy, serve, client=None, server=None):
    """A client whose server talks as `serve` does, a CONNECT tunnel between them.

    @param client, server  their factories for permessage-deflate, or None
    """
    plain = {"compression": None, "max_size": None, "ping_interval": None}
    async with websockets.serve(serve, "127.0.0.1", 0, extensions=server and [server], **plain) as served:
        port = served.sockets[0].getsockname()[1]
        sock = tunnel_by_connect(proxy, f"127.0.0.1:{port}").sock
        sock.setblocking(False)
        async with websockets.connect(f"ws://127.0.0.1:{port}/", sock=sock, extensions=client and [client], **plain) as ws:
            yield ws


async def converse(proxy, client_says, server_says, client=None, server=None):
    """@return what the client and what the server received, and what they agreed on"""
    received = asyncio.get_running_loop().create_future()

    async def serve(ws):
        try:
            received.set_result(await talk(ws, server_says))
        except Exception as fault:
            received.set_exception(fault)
    async with connected(proxy, serve, client, server) as ws:
        got = await asyncio.wait_for(talk(ws, client_says), WAIT)
        return got, await asyncio.wait_for(received, WAIT), ws.response_headers.get("Sec-WebSocket-Extensions")


def eight_bit_windows():
    """Lets python-websockets compress where 8 bits are agreed on. zlib has no such window for raw deflate, but with 9
    bits no distance exceeds 250. To inflate with 8 bits it needs no help. A context manager."""
    compressobj = zlib.compressobj
    return unittest.mock.patch.object(
        zlib, "compressobj", lambda *, wbits, **settings: compressobj(wbits=min(wbits, -9), **settings))


# node

def node(script, *args, **options):
    return subprocess.Popen(["node", PEERS / script, *map(str, args)], stdout=subprocess.PIPE, text=True,
                            env=environment(NODE_PATH="/usr/share/nodejs"), **options)


def as_json(message):
    """A message, or a part of one, as ws_talk.js has it: "t" and text, or "b" and base64."""
    return "t" + message if isinstance(message, str) else "b" + base64.b64encode(message).decode()


class NodeTalk:
    """ws_talk.js as a server, which ends with close(), and as a client, which ends by itself."""

    def __init__(self, client_says, server_says):
        """@param client_says, server_says  pairs of a message and whether it is compressed"""
        self.dir = tempfile.TemporaryDirectory(prefix="wstap-node-")
        self.files = {}
        for end, says in (("client", client_says), ("server", server_says)):
            self.files[end] = pathlib.Path(self.dir.name, end)
            self.files[end].write_text(json.dumps([
                {"parts": [as_json(part) for part in (message if isinstance(message, list) else [message])],
                 "compress": compressed} for message, compressed in says]))
        self.server = node("ws_talk.js", "server", self.files["server"])
        self.port = int(self.server.stdout.readline())
        # A pipe that nobody reads would stop it.
        self.reports = in_background(lambda: [json.loads(line) for line in self.server.stdout])

    def converse(self, address, deflates, timeout):
        """Sessions through a proxy in front of the server, one after the other.

        @param deflates  perMessageDeflate of each end for each session: (client's, server's)
        @return for each session what the client and what the server received, as ws_talk.js has it
        """
        sessions = pathlib.Path(self.dir.name, "sessions")
        sessions.write_text(json.dumps([{"client": client, "server": server} for client, server in deflates]))
        client = node("ws_talk.js", "client", self.files["client"], "ws://%s:%d/" % address, sessions)
        try:
            said_by_client = [json.loads(line) for line in client.communicate(timeout=timeout)[0].splitlines()]
        finally:
            client.kill()
            client.wait(WAIT)
        self.server.terminate()
        return list(zip(said_by_client, self.reports.result(WAIT), strict=True))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait(WAIT)
        self.reports.exception(WAIT)
        self.server.stdout.close()
        self.dir.cleanup()
