// SPDX-License-Identifier: Apache-2.0
// A site that speaks HTTP/1 only, with node's `ws` for its WebSockets, which compress:
//   node http1_site.js server OPTIONS.json   {"pem":..,"page":..}
// Prints its port, and then what is posted to /result, a line each.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const WebSocket = require('ws');

const options = JSON.parse(fs.readFileSync(process.argv[3]));

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function serve(request, response) {
  const [path, query] = request.url.split('?');
  if (path === '/' && options.page) return response.end(fs.readFileSync(options.page));
  if (path === '/result') console.log(String(await read(request)));
  if (path === '/headers') return response.end(JSON.stringify(request.headers));
  if (path === '/digest') return response.end(crypto.createHash('sha256').update(await read(request)).digest('hex'));
  if (path === '/interim') response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  if (path === '/trailers') {
    response.writeHead(200, { Trailer: 'X-Checksum' });
    response.write('body');
    response.addTrailers({ 'X-Checksum': 'of the body' });
    return response.end();
  }
  if (path === '/cut') {
    response.writeHead(200);
    response.write('half');
    return setTimeout(() => response.destroy(), 50);
  }
  if (path === '/nothing') return response.writeHead(204).end();
  const body = Buffer.alloc(Number(query || 5), 'hello');
  if (path === '/sized') response.setHeader('Content-Length', body.length);
  // Written in two parts it has no length, and is sent in chunks.
  if (request.method !== 'HEAD') response.write(body.subarray(0, body.length / 2));
  response.end(request.method === 'HEAD' ? undefined : body.subarray(body.length / 2));
}

const handler = (request, response) => serve(request, response).catch(() => response.destroy());
const pem = options.pem && fs.readFileSync(options.pem);
const server = pem ? https.createServer({ cert: pem, key: pem }, handler) : http.createServer(handler);
const sockets = new WebSocket.Server({ noServer: true, maxPayload: 64 << 20, perMessageDeflate: { threshold: 0 } });
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => {});
  if (request.url === '/refuse') return socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 0\r\n\r\n');
  sockets.handleUpgrade(request, socket, head, ws => {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('error', () => {});
  });
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
