# SPDX-License-Identifier: Apache-2.0
"""Ends of HTTP/2 connections, frame by frame, by Python's `h2`: what is sent and when is the test's business, down to
windows and resets."""
import struct

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

import frame_bytes
from raw_peers import in_background, tunnel_by_connect, WAIT

CONNECT_PROTOCOL = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL
GOAWAY = 7
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Http2Peer:
    """One end of a connection over a Peer. Settings and pings are acknowledged by themselves, and data if it `consumes`."""

    def __init__(self, peer, server=False, settings=None, consumes=True):
        config = h2.config.H2Configuration(client_side=not server, header_encoding="utf-8", validate_inbound_headers=False,
                                           validate_outbound_headers=False, normalize_outbound_headers=False)
        self.peer = peer
        self.consumes = consumes
        self.h2 = h2.connection.H2Connection(config)
        self.h2.local_settings = h2.settings.Settings(client=not server, initial_values=settings or {})
        self.h2.initiate_connection()
        self._unparsed = bytearray()
        self._events = []
        self._data = {}  # of a stream: what came and was not read yet
        self._ended = set()
        self.flush()

    def flush(self):
        self.peer.send(self.h2.data_to_send())

    def receive(self):
        """Reads once. @return what came of it."""
        bytes_read = self.peer.sock.recv(1 << 16)
        if not bytes_read:
            raise EOFError("the connection ended")
        self._unparsed += bytes_read
        events = []
        for raw in self._frames():
            events += self._take(raw)
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                self._data.setdefault(event.stream_id, bytearray()).extend(event.data)
                if self.consumes and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                self._ended.add(event.stream_id)
        self._events += events
        self.flush()
        return events

    def _frames(self):
        """Takes the preface, and then whole frames, off what came."""
        if self._unparsed.startswith(PREFACE):
            yield self._pop(len(PREFACE))
        while len(self._unparsed) >= 9 and len(self._unparsed) >= 9 + (length := int.from_bytes(self._unparsed[:3], "big")):
            yield self._pop(9 + length)

    def _pop(self, count):
        taken = bytes(self._unparsed[:count])
        del self._unparsed[:count]
        return taken

    def _take(self, raw):
        if raw[3] != GOAWAY or raw == PREFACE:
            return self.h2.receive_data(raw)
        # `h2` takes it for the end of the connection, on which streams go on.
        event = h2.events.ConnectionTerminated()
        event.last_stream_id, event.error_code = struct.unpack(">II", raw[9:17])
        return [event]

    def expect(self, kind, **fields):
        """Waits for an event of this kind, and forgets it. @return it."""
        while True:
            for event in self._events:
                if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                    self._events.remove(event)
                    return event
            self.receive()

    def stream(self, stream_id):
        return Http2Stream(self, stream_id)

    def request(self, headers, end=False):
        """@return the stream, which is open."""
        stream_id = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream_id, headers, end_stream=end)
        self.flush()
        return self.stream(stream_id)

    def get(self, authority, path="/", scheme="http"):
        return self.request([(":method", "GET"), (":scheme", scheme), (":authority", authority), (":path", path)], end=True)

    def ask_websocket(self, authority, path="/chat", scheme="http", headers=()):
        return self.request([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", scheme), (":path", path),
                             (":authority", authority), ("sec-websocket-version", "13"), *headers])

    def requested(self):
        """@return the stream of the next request, and its headers as a dictionary."""
        event = self.expect(h2.events.RequestReceived)
        return self.stream(event.stream_id), dict(event.headers)

    def close(self):
        self.peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Http2Stream:
    def __init__(self, connection, stream_id):
        self.connection, self.id = connection, stream_id

    def respond(self, status=200, headers=(), end=False):
        self.connection.h2.send_headers(self.id, [(":status", str(status)), *headers], end_stream=end)
        self.connection.flush()

    def response(self):
        """@return the status."""
        return int(dict(self.connection.expect(h2.events.ResponseReceived, stream_id=self.id).headers)[":status"])

    def send(self, *parts):
        """As much at a time as the peer's windows allow."""
        rest = b"".join(parts)
        while rest:
            room = min(self.connection.h2.local_flow_control_window(self.id), self.connection.h2.max_outbound_frame_size)
            if room <= 0:
                self.connection.receive()
                continue
            self.connection.h2.send_data(self.id, rest[:room])
            self.connection.flush()
            rest = rest[room:]

    def send_now(self, *parts):
        """Without waiting for the peer's windows. @return how many bytes left."""
        rest, sent = b"".join(parts), 0
        while rest and (room := min(self.connection.h2.local_flow_control_window(self.id),
                                    self.connection.h2.max_outbound_frame_size)) > 0:
            self.connection.h2.send_data(self.id, rest[:room])
            self.connection.flush()
            sent += len(rest[:room])
            rest = rest[room:]
        return sent

    def read(self, count):
        """Exactly so many bytes."""
        data = self.connection._data.setdefault(self.id, bytearray())
        while len(data) < count:
            if self.id in self.connection._ended:
                raise EOFError(f"the stream ended, {count - len(data)} of {count} bytes are missing")
            self.connection.receive()
        taken = bytes(data[:count])
        del data[:count]
        return taken

    def frame(self):
        return frame_bytes.read_frame(self.read)

    def end(self):
        self.connection.h2.end_stream(self.id)
        self.connection.flush()

    def reset(self, code=h2.errors.ErrorCodes.CANCEL):
        self.connection.h2.reset_stream(self.id, code)
        self.connection.flush()

    def expect_end(self):
        self.connection.expect(h2.events.StreamEnded, stream_id=self.id)

    def expect_reset(self):
        """@return the code."""
        return self.connection.expect(h2.events.StreamReset, stream_id=self.id).error_code


def connected(tap, listener, server_settings=None, client=None):
    """A client of HTTP/2 in the clear inside a tunnel, and the server at its end. @return both.
    @param client  options of the client's end."""
    upstream = in_background(lambda: Http2Peer(listener.accept(), server=True,
                                               settings={CONNECT_PROTOCOL: 1} if server_settings is None else server_settings))
    client = Http2Peer(tunnel_by_connect(tap, listener.target), **(client or {}))
    return client, upstream.result(WAIT)


def opened(client, server, authority="localhost", path="/chat", headers=()):
    """A WebSocket on both connections. @return its two streams. @param headers  of both heads."""
    while not client.h2.remote_settings.enable_connect_protocol:
        client.receive()
    near = client.ask_websocket(authority, path, headers=headers)
    far, _ = server.requested()
    far.respond(headers=headers)
    assert near.response() == 200
    return near, far
