# SPDX-License-Identifier: Apache-2.0
"""A recorded session in which nothing is left to chance but times and ports, and the text to compare it with."""
import pathlib
import re

from frame_bytes import BINARY, CONTINUATION, MASK, PING, PONG, TEXT, close, frame, masked
from raw_peers import Listener, connect, hang_up, open_websocket, upgrade_request
from wstap_testing import Proxy, eventually, inspect

HOSTILE = "\x1b[31mred\x07 \u009b1m \u202edesrever".encode()  # what a terminal must not be shown raw (INS-5)


def talk(proxy):
    """Flow 1: one of each thing a frame can be. Each is sent when the one before has arrived."""
    with Listener() as listener:
        client, server = open_websocket(proxy, listener, extra="Sec-WebSocket-Protocol: chat, superchat\r\n",
                                        agree="Sec-WebSocket-Protocol: chat\r\n")
        with client:
            to_server = [masked(TEXT, b"hello"), masked(BINARY, bytes.fromhex("0001feff")),
                         masked(TEXT, b"frag", fin=False), masked(PING, b"are you there"),
                         masked(CONTINUATION, b"ment"), masked(TEXT, HOSTILE), masked(TEXT, b"\xff\xfe"),
                         masked(TEXT, b"long", length_bytes=2)]
            to_client = [frame(PONG, b"are you there"), frame(TEXT, b"marked", rsv=2), frame(TEXT, b"")]
            for raw in to_server:
                client.send(raw)
                server.frame()
            for raw in to_client:
                server.send(raw)
                client.frame()
            client.send(close(1000, b"bye", mask=MASK))
            server.frame()
            server.send(close(1000))
            client.frame()
            server.close()
            client.ending()


def compressed(proxy):
    """Flow 2: a compressed message, as RFC 7692 7.2.3.1 has it, and an end without Close."""
    with Listener() as listener:
        client, server = open_websocket(proxy, listener, extra="Sec-WebSocket-Extensions: permessage-deflate\r\n",
                                        agree="Sec-WebSocket-Extensions: permessage-deflate\r\n")
        with client:
            client.send(masked(TEXT, bytes.fromhex("f248cdc9c90700"), rsv=4))
            server.frame()
            hang_up(client, server)


def refused(proxy):
    """Connection 3: a server that does not want to."""
    with Listener() as listener, connect(proxy.address) as client:
        client.send(upgrade_request(listener.target, f"http://{listener.target}/chat"))
        server = listener.accept()
        server.head()
        server.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        client.head()


def failed(proxy):
    """Connection 4: nobody listens there."""
    with Listener() as listener:
        target = listener.target
    with connect(proxy.address) as client:
        client.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
        client.head()


def record(path):
    """Writes the capture."""
    with Proxy("-q", "--workers", "1", capture=path) as proxy:
        for number, part in enumerate((talk, compressed, refused, failed), start=1):
            part(proxy)
            proxy.flow(number)


def copies(capture, count, first=1):
    """@return the bytes of so many captures that differ in their names alone, one behind the other."""
    content = capture.read_bytes()
    magic = b"wstap capture\0\0\0"  # the name comes next
    at = content.index(magic) + len(magic)
    return b"".join(content[:at] + number.to_bytes(16, "big") + content[at + 16:] for number in range(first, first + count))


def normalised(text):
    """Without what differs from run to run: times, ports, versions of masks that wstap draws."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", "TIME", text)
    text = re.sub(r"^(\x1b\[2m)?\d\d:\d\d:\d\d\.\d{6}", r"\1hh:mm:ss.uuuuuu", text, flags=re.M)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)


def golden(name):
    return pathlib.Path(__file__).resolve().parents[1] / "cli" / "golden" / name
