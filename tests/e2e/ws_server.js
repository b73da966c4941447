// SPDX-License-Identifier: Apache-2.0
// node's `ws` as an echo server: node ws_server.js [CERTIFICATE_AND_KEY.pem]. Prints its port.
'use strict';
const fs = require('fs');
const WebSocket = require('ws');

const pem = process.argv[2] && fs.readFileSync(process.argv[2]);
const server = pem ? require('https').createServer({ cert: pem, key: pem }) : require('http').createServer();
const sockets = new WebSocket.Server({ server, perMessageDeflate: { threshold: 0 } });
sockets.on('connection', ws => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
