// SPDX-License-Identifier: Apache-2.0
// Ends of node's `ws` that ping each other and hang up on a peer that does not answer in time:
//   node ws_heartbeat.js server MILLISECONDS          prints its port; an echo server
//   node ws_heartbeat.js client MILLISECONDS URL      says "hello", prints what comes back, and ends with 0
'use strict';
const WebSocket = require('ws');

const TIMEOUT = 20000;
const [role, every, url] = process.argv.slice(2);

function watch(ws) {
  let alive = true;
  ws.on('pong', () => { alive = true; });
  const timer = setInterval(() => {
    if (!alive) return ws.terminate();
    alive = false;
    ws.ping();
  }, Number(every));
  ws.on('close', () => clearInterval(timer));
}

if (role === 'server') {
  const sockets = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  sockets.on('listening', () => console.log(sockets.address().port));
  sockets.on('connection', ws => {
    watch(ws);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
} else {
  const ws = new WebSocket(url);
  setTimeout(() => process.exit(3), TIMEOUT);
  ws.on('open', () => {
    watch(ws);
    ws.send('hello');
  });
  ws.on('message', data => {
    console.log(data.toString());
    ws.close(1000);
  });
  ws.on('close', code => process.exit(code === 1000 ? 0 : 1));
}
