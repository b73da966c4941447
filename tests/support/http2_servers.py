# SPDX-License-Identifier: Apache-2.0
"""Servers of other people that speak WebSocket over HTTP/2 (RFC 8441), each on a port of its own for as long as a `with`
lasts: haproxy and nghttpx before an echo server that speaks HTTP/1, hypercorn by itself."""
import contextlib
import pathlib
import socket
import subprocess
import sys
import tempfile

from raw_peers import WAIT, connect
from wstap_testing import eventually

HAPROXY = """
global
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:{port} ssl crt {pem} alpn h2
  default_backend b
backend b
  server s 127.0.0.1:{upstream}
"""

HYPERCORN = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})
"""


def free_port():
    """For programs that cannot tell which port they took."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextlib.contextmanager
def running(port, *command, cwd=None):
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          cwd=cwd) as process:
        def listens():
            if process.poll() is not None:
                raise AssertionError(f"{command[0]} exited with {process.returncode}")
            try:
                return not connect(("127.0.0.1", port)).close()
            except OSError:
                return False
        try:
            eventually(listens, f"{command[0]} listening")
            yield port
        finally:
            process.terminate()
            process.wait(WAIT)


@contextlib.contextmanager
def haproxy(pem, upstream):
    """@param upstream  port of a server that speaks HTTP/1."""
    with tempfile.TemporaryDirectory(prefix="wstap-haproxy-") as folder:
        port, config = free_port(), pathlib.Path(folder, "haproxy.cfg")
        config.write_text(HAPROXY.format(port=port, pem=pem, upstream=upstream))
        with running(port, "/usr/sbin/haproxy", "-db", "-f", config):
            yield port


@contextlib.contextmanager
def nghttpx(pem, upstream):
    """@param upstream  port of a server that speaks HTTP/1."""
    with tempfile.TemporaryDirectory(prefix="wstap-nghttpx-") as folder:
        port, config = free_port(), pathlib.Path(folder, "nghttpx.conf")
        config.write_text("")
        with running(port, "nghttpx", f"--conf={config}", "--workers=1", f"--frontend=127.0.0.1,{port}",
                     f"--backend=127.0.0.1,{upstream};/;proto=http/1.1", pem, pem):
            yield port


@contextlib.contextmanager
def hypercorn(pem, _upstream):
    with tempfile.TemporaryDirectory(prefix="wstap-hypercorn-") as folder:
        port = free_port()
        pathlib.Path(folder, "served.py").write_text(HYPERCORN)
        with running(port, sys.executable, "-m", "hypercorn", "--certfile", pem, "--keyfile", pem, "--bind",
                     f"127.0.0.1:{port}", "served:app", cwd=folder):
            yield port
