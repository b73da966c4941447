// SPDX-License-Identifier: Apache-2.0
// Ends of node's `ws` that say a list of messages and collect what comes, at the same time:
//   node ws_talk.js server MESSAGES.json                    prints its port, then a line for each session
//   node ws_talk.js client MESSAGES.json URL SESSIONS.json  prints a line for each session, and ends
// A line is a JSON list of what was received, or what went wrong. MESSAGES: [{"parts":["ttext","bBASE64"],"compress":..}];
// SESSIONS: [{"client":..,"server":..}], the perMessageDeflate of either end. Sessions end after TIMEOUT.
'use strict';
const fs = require('fs');
const WebSocket = require('ws');

const TIMEOUT = 20000;
const END = 'the end';
const [role, file, url, sessions] = process.argv.slice(2);
const messages = JSON.parse(fs.readFileSync(file));

const decode = part => part[0] === 't' ? part.slice(1) : Buffer.from(part.slice(1), 'base64');
const encode = (data, isBinary) => isBinary ? 'b' + data.toString('base64') : 't' + data;

function talk(ws) {
  return new Promise((resolve, reject) => {
    const received = [];
    const timer = setTimeout(() => ws.terminate(), TIMEOUT);
    ws.on('message', (data, isBinary) => {
      if (!isBinary && data.toString() === END) return resolve(received);
      received.push(encode(data, isBinary));
    });
    ws.on('error', reject);
    ws.on('close', code => {
      clearTimeout(timer);
      reject(new Error(`closed early with ${code}`));
    });
    for (const { parts, compress } of messages) {
      parts.forEach((part, n) => {
        ws.send(decode(part), { fin: n === parts.length - 1, compress });
        if (n === 0 && parts.length > 1) ws.ping('between');
      });
    }
    ws.send(END);
  });
}

const report = async talking =>
  console.log(JSON.stringify(await talking.catch(fault => ['failed', String(fault.stack || fault)])));
const perMessageDeflate = options => options && { threshold: 0, ...options };

function serve() {
  const server = require('http').createServer();
  server.on('upgrade', (request, socket, head) => {
    const options = JSON.parse(decodeURIComponent(request.url.split('?')[1]));
    const sockets = new WebSocket.Server({ noServer: true, perMessageDeflate: perMessageDeflate(options) });
    sockets.handleUpgrade(request, socket, head, ws => report(talk(ws)));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

async function connect({ client, server }) {
  const ws = new WebSocket(`${url}?${encodeURIComponent(JSON.stringify(server))}`,
                           { perMessageDeflate: perMessageDeflate(client) });
  const talking = new Promise((resolve, reject) => {
    ws.once('open', () => talk(ws).then(resolve, reject));
    ws.once('error', reject);
  });
  await report(talking);
  ws.close(4001, 'enough');
  if (ws.readyState !== WebSocket.CLOSED) await new Promise(resolve => ws.once('close', resolve));
}

(async () => {
  if (role === 'server') return serve();
  for (const session of JSON.parse(fs.readFileSync(sessions))) await connect(session);
})();
