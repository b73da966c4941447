# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames as bytes (RFC 6455 5.2), written so that malformed ones can be written as well."""
import dataclasses
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = bytes.fromhex("37fa213d")


def mask_bytes(payload, mask):
    """XORs the payload with the mask: masks and unmasks."""
    if not payload:
        return b""
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def header(opcode, length, *, fin=True, rsv=0, mask=None, length_bytes=None):
    """@param length_bytes  how many bytes behind the second hold the length: 0, 2 or 8; default: the fewest."""
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 1 << 16 else 8
    short = {0: length, 2: 126, 8: 127}[length_bytes]
    extended = length.to_bytes(length_bytes, "big") if length_bytes else b""
    first = (fin << 7) | (rsv << 4) | opcode
    return bytes([first, short | (0x80 if mask else 0)]) + extended + (mask or b"")


def frame(opcode, payload=b"", *, mask=None, **shape):
    return header(opcode, len(payload), mask=mask, **shape) + (mask_bytes(payload, mask) if mask else payload)


def masked(opcode, payload=b"", **shape):
    """A frame as a client sends it."""
    return frame(opcode, payload, **({"mask": MASK} | shape))


def close(code=None, reason=b"", mask=None):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason, mask=mask)


@dataclasses.dataclass
class Frame:
    """A frame that was read: `payload` is unmasked, `raw` as it came."""
    fin: bool
    rsv: int
    opcode: int
    mask: bytes | None
    payload: bytes
    raw: bytes

    @property
    def close_code(self):
        return struct.unpack(">H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def read_frame(read):
    """@param read  a function that gives exactly so many bytes."""
    head = read(2)
    length = head[1] & 0x7f
    extended = read({126: 2, 127: 8}.get(length, 0))
    if extended:
        length = int.from_bytes(extended, "big")
    mask = read(4) if head[1] & 0x80 else None
    payload = read(length)
    return Frame(bool(head[0] & 0x80), head[0] >> 4 & 7, head[0] & 15, mask,
                 mask_bytes(payload, mask) if mask else payload, head + extended + (mask or b"") + payload)
