# SPDX-License-Identifier: Apache-2.0
"""Clients and servers that speak exact bytes, and the ways a client gets through wstap (UPG-5)."""
import concurrent.futures
import select
import socket
import ssl
import struct
import threading

import frame_bytes

WAIT = 30  # seconds; far beyond what anything takes, so that a hang is a failure and slowness is none
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Peer:
    """One end of a connection. Reads what it is asked to and no more."""

    def __init__(self, sock, unread=b""):
        sock.settimeout(WAIT)
        self.sock = sock
        self.unread = unread

    def send(self, *parts):
        self.sock.sendall(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
        return self

    def read(self, count):
        """Exactly so many bytes."""
        parts, missing = [self.unread[:count]], count - len(self.unread)
        self.unread = self.unread[count:]
        while missing > 0:
            part = self.sock.recv(min(missing, 1 << 20))
            if not part:
                raise EOFError(f"the stream ended, {missing} of {count} bytes are missing: {b''.join(parts)[:200]!r}")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def read_until(self, mark):
        while mark not in self.unread:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError(f"the stream ended before {mark!r}: {self.unread[:200]!r}")
            self.unread += part
        return self.read(self.unread.index(mark) + len(mark))

    def head(self):
        """An HTTP head with its blank line."""
        return self.read_until(b"\r\n\r\n")

    def status(self):
        """Reads a response head. @return its status."""
        return int(self.head().split(b" ", 2)[1])

    def frame(self):
        return frame_bytes.read_frame(self.read)

    def rest(self):
        """Everything until the stream ends. A reset raises ConnectionResetError."""
        parts = [self.unread]
        self.unread = b""
        while part := self.sock.recv(1 << 20):
            parts.append(part)
        return b"".join(parts)

    def ending(self):
        """Reads to the end. @return "eof" or "reset"."""
        try:
            self.rest()
            return "eof"
        except (ConnectionResetError, BrokenPipeError):
            return "reset"

    def finish(self):
        """No more bytes from here; reading goes on."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.sock.close()

    def start_tls(self, context, name=None, server=False):
        """@return a peer that speaks TLS over this one's connection."""
        return Peer(context.wrap_socket(self.sock, server_side=server, server_hostname=name))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Listener:
    """A server's port on loopback; connections are taken one at a time with accept()."""

    def __init__(self, tls=None, backlog=16, family=socket.AF_INET):
        self.tls = tls  # an ssl.SSLContext, or None
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self.sock = socket.create_server((host, 0), family=family, backlog=backlog)
        self.sock.settimeout(WAIT)
        self.address = self.sock.getsockname()[:2]
        self.port = self.address[1]
        self.target = f"127.0.0.1:{self.port}" if family == socket.AF_INET else f"[::1]:{self.port}"
        self._accepted = []

    def accept(self):
        peer = Peer(self.sock.accept()[0])
        if self.tls:
            peer = peer.start_tls(self.tls, server=True)
        self._accepted.append(peer)
        return peer

    def waiting(self):
        """Somebody has connected and was not accepted."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def serve(self, talk):
        """Talks to the next client on a thread. @return a future of what `talk` returns."""
        return in_background(lambda: talk(self.accept()))

    def close(self):
        for peer in self._accepted:
            peer.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def in_background(work):
    """Runs on a thread of its own. @return a future; ask for its result(WAIT)."""
    future = concurrent.futures.Future()

    def run():
        try:
            future.set_result(work())
        except BaseException as fault:
            future.set_exception(fault)
    threading.Thread(target=run, daemon=True).start()
    return future


def connect(address):
    return Peer(socket.create_connection(address, timeout=WAIT))


def trusting(ca_file=None, alpn=None, **settings):
    """A client's TLS context. @param ca_file  whom it trusts; None: everybody."""
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def socks_address(target):
    host, port = target.rsplit(":", 1)
    host = host.strip("[]")
    try:
        packed = b"\x01" + socket.inet_aton(host) if host[0].isdigit() else b"\x04" + socket.inet_pton(
            socket.AF_INET6, host)
    except OSError:
        packed = bytes([3, len(host)]) + host.encode()
    return packed + struct.pack(">H", int(port))


def tunnel_by_connect(proxy, target, headers=""):
    peer = connect(proxy.address)
    peer.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{headers}\r\n")
    reply = peer.head()
    if b" 200 " not in reply.split(b"\r\n")[0]:
        raise AssertionError(f"CONNECT: {reply!r}")
    return peer


def tunnel_by_socks(proxy, target, user=None, password=None):
    peer = connect(proxy.address)
    if user is None:
        peer.send(b"\x05\x01\x00")
        expect(peer.read(2), b"\x05\x00")
    else:
        peer.send(b"\x05\x02\x00\x02")
        expect(peer.read(2), b"\x05\x02")
        peer.send(bytes([1, len(user)]) + user.encode() + bytes([len(password)]) + password.encode())
        expect(peer.read(2), b"\x01\x00")
    peer.send(b"\x05\x01\x00" + socks_address(target))
    expect(peer.read(10)[:2], b"\x05\x00")
    return peer


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, expected {wanted!r}")


def upgrade_request(host, target="/chat", extra=""):
    return (f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n").encode()


def upgrade_response(extra="", accept=ACCEPT):
    return (f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n{extra}\r\n").encode()


def open_websocket(proxy, server, way="connect", extra="", agree="", target="/chat"):
    """Upgrades a connection through the proxy. @return its two ends: client, server.

    @param way  "connect", "socks", "absolute" or "reverse"
    @param extra, agree  more header lines for the request and for the response, each with its CRLF
    """
    if way == "connect":
        client = tunnel_by_connect(proxy, server.target)
    elif way == "socks":
        client = tunnel_by_socks(proxy, server.target)
    else:
        client = connect(proxy.address)
    path = f"http://{server.target}{target}" if way == "absolute" else target
    client.send(upgrade_request(server.target, path, extra))
    upstream = server.accept()
    upstream.head()
    upstream.send(upgrade_response(agree))
    if (status := client.status()) != 101:
        raise AssertionError(f"the upgrade was answered with {status}")
    return client, upstream


def hang_up(client, server):
    """The client ends, and then the server, with nothing more to say."""
    client.finish()
    server.rest()
    server.close()
    client.ending()
    client.close()
