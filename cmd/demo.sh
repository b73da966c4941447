#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and does the main job once: a real WebSocket session (wss, through the proxy, by a
# client that knows nothing of wstap), recorded and shown.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install-deps build
.ci/install-deps demo
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target wstap
wstap=$PWD/build/release/wstap

work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

start() {  # READY_FILE COMMAND...: in the background, until it listens
  local ready=$1
  shift
  "$@" --ready-file "$ready" &
  pids+=($!)
  for _ in $(seq 100); do
    [ -s "$ready" ] && return
    sleep 0.1
  done
  echo "demo: $2 did not start" >&2
  exit 1
}
address_in() { sed 's/.*"listen":\["\([^"]*\)".*/\1/' "$1"; }

export XDG_DATA_HOME=$work/data  # the demonstration's certificate authority goes with it
start "$work/echo" "$wstap" echo --listen 127.0.0.1:0 --tls
start "$work/proxy" "$wstap" proxy --listen 127.0.0.1:0 -w "$work/session.wstap" --upstream-ca "$("$wstap" ca path)"

/usr/bin/python3 - "$(address_in "$work/proxy")" "$(address_in "$work/echo")" "$("$wstap" ca path)" <<'PYTHON'
import asyncio, socket, ssl, sys
import websockets

async def session(proxy, server, authority):
    host, port = proxy.rsplit(":", 1)
    tunnel = socket.create_connection((host, int(port)), timeout=10)
    tunnel.sendall(f"CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n".encode())
    if b" 200 " not in tunnel.recv(4096):
        sys.exit("the proxy refused the tunnel")
    tunnel.setblocking(False)
    trust = ssl.create_default_context(cafile=authority)
    async with websockets.connect(f"wss://{server}/demo", sock=tunnel, ssl=trust, server_hostname="localhost") as ws:
        await ws.send('{"op":"subscribe","channel":"prices"}')
        await ws.recv()
        await ws.send(bytes(range(16)))
        await ws.recv()
        await (await ws.ping(b"are you there"))

asyncio.run(asyncio.wait_for(session(*sys.argv[1:]), 30))
PYTHON

kill "${pids[1]}"
wait "${pids[1]}"
show() {
  printf '\n$ wstap inspect %s\n' "$*"
  "$wstap" inspect "$@"
}
cd "$work"
show --flows session.wstap
show session.wstap
show --frame 1:2 --raw session.wstap
show --frame 1:2 --json session.wstap
