# SPDX-License-Identifier: Apache-2.0
"""A relay that remembers what went by, and writes it as a packet capture that tshark reads."""
import struct
import threading

from raw_peers import Listener, connect

SEGMENT = 32768


class Wire(Listener):
    """Passes connections on to `target` (host, port) and keeps their bytes in order."""

    def __init__(self, target):
        super().__init__()
        self._onward = target
        self._lock = threading.Lock()
        self.segments = []  # (is from the client, bytes)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                client = self.accept()
                server = connect(self._onward)
                for source, sink, forth in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=(source, sink, forth), daemon=True).start()
        except OSError:
            pass  # closed

    def _pump(self, source, sink, forth):
        try:
            while part := source.sock.recv(SEGMENT):
                with self._lock:
                    self.segments.append((forth, part))
                sink.send(part)
            sink.finish()
        except OSError:
            pass

    def sent(self):
        with self._lock:
            return b"".join(part for forth, part in self.segments if forth)

    def write(self, path, port=443):
        """One TCP connection to `port`, without SYN and checksums: tshark does not mind."""
        sequence = {True: 1, False: 1}
        with self._lock, open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 101))  # 101: packets begin with IP
            for n, (forth, part) in enumerate(self.segments):
                ports = (50000, port) if forth else (port, 50000)
                addresses = (b"\x0a\0\0\x01", b"\x0a\0\0\x02") if forth else (b"\x0a\0\0\x02", b"\x0a\0\0\x01")
                tcp = struct.pack(">HHIIBBHHH", *ports, sequence[forth], sequence[not forth], 5 << 4, 0x18, 65535, 0, 0)
                ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(part), n, 0, 64, 6, 0, *addresses)
                file.write(struct.pack("<IIII", n, 0, 40 + len(part), 40 + len(part)) + ip + tcp + part)
                sequence[forth] += len(part)
