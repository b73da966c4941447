# SPDX-License-Identifier: Apache-2.0
"""A packet capture of one WebSocket, for the tools that wstap's own captures are compared with."""
import struct

ETHERNET = b"\2\0\0\0\0\1" b"\2\0\0\0\0\2" b"\x08\x00"
CLIENT, SERVER = (bytes([127, 0, 0, 1]), 40000), (bytes([127, 0, 0, 2]), 80)
SYN, ACK, PUSH = 0x02, 0x10, 0x08

REQUEST = (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
RESPONSE = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


class _Conversation:
    """Segments in order, without checksums, which nobody checks by default."""

    def __init__(self, file):
        self._file, self._time_us = file, 0
        self._next = {CLIENT: 1, SERVER: 1}
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))

    def segment(self, sender, flags, data=b""):
        receiver = SERVER if sender is CLIENT else CLIENT
        tcp = struct.pack(">HHIIBBHHH", sender[1], receiver[1], self._next[sender], self._next[receiver], 5 << 4, flags,
                          65535, 0, 0)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + sender[0] + receiver[0]
        packet = ETHERNET + ip + tcp + data
        self._file.write(struct.pack("<IIII", 1_700_000_000 + self._time_us // 10**6, self._time_us % 10**6,
                                     len(packet), len(packet)) + packet)
        self._time_us += 10
        self._next[sender] += len(data) + (1 if flags & SYN else 0)


def text_frame(payload, mask):
    """@param mask  four bytes, or none for a server's frame; of zeros, so that the payload stays as it is."""
    length = len(payload)
    head = bytes([0x81]) + (bytes([length | (0x80 if mask else 0)]) if length < 126 else
                            struct.pack(">BH", 126 | (0x80 if mask else 0), length))
    return head + mask + payload


def write(path, messages, payload):
    """A capture of so many messages, each in a segment of its own, the sides in turn."""
    with open(path, "wb") as file:
        talk = _Conversation(file)
        talk.segment(CLIENT, SYN)
        talk.segment(SERVER, SYN | ACK)
        talk.segment(CLIENT, ACK)
        talk.segment(CLIENT, PUSH | ACK, REQUEST)
        talk.segment(SERVER, PUSH | ACK, RESPONSE)
        for i in range(messages):
            sender = SERVER if i % 2 else CLIENT
            talk.segment(sender, PUSH | ACK, text_frame(payload, b"" if i % 2 else bytes(4)))
