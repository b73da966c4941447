// SPDX-License-Identifier: Apache-2.0
// Sessions of node's `ws` client, one after the other:
//   node ws_client.js '[{"url":..,"way":..,"proxy":[host,port],"deflate":..,"ca":..}]'
// Each prints "ok" or what went wrong.
'use strict';
const fs = require('fs');
const http = require('http');
const net = require('net');
const tls = require('tls');
const WebSocket = require('ws');

const TIMEOUT = 20000;

function read(socket, enough) {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const take = chunk => {
      got = Buffer.concat([got, chunk]);
      if (enough(got)) {
        socket.off('data', take);
        resolve(got);
      }
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('the proxy closed the tunnel')));
  });
}

async function tunnel(session, target) {
  const [host, port] = session.proxy;
  const socket = net.connect(port, host);
  if (session.way === 'connect') {
    socket.write(`CONNECT ${target.host} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`);
    const reply = await read(socket, got => got.includes('\r\n\r\n'));
    if (!reply.toString().startsWith('HTTP/1.1 200')) throw new Error(reply.toString());
  } else if (session.way === 'socks') {
    socket.write(Buffer.from([5, 1, 0]));
    await read(socket, got => got.length >= 2);
    const name = Buffer.from(target.hostname);
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name,
                                Buffer.from([target.port >> 8, target.port & 255])]));
    const reply = await read(socket, got => got.length >= 10);
    if (reply[1] !== 0) throw new Error('SOCKS: ' + reply[1]);
  }
  return socket;
}

class ProxyAgent extends http.Agent {
  constructor(session, target) {
    super();
    Object.assign(this, { session, target, protocol: target.protocol === 'wss:' ? 'https:' : 'http:' });
  }
  addRequest(request, ...rest) {
    if (this.session.way === 'absolute') request.path = `http://${this.target.host}${request.path}`;
    super.addRequest(request, ...rest);
  }
  createConnection(options, done) {
    tunnel(this.session, this.target).then(socket => {
      if (this.target.protocol !== 'wss:') return done(null, socket);
      const secured = tls.connect({ socket, servername: this.target.hostname, ca: fs.readFileSync(this.session.ca) });
      secured.once('secureConnect', () => done(null, secured)).once('error', done);
    }).catch(done);
  }
}

function expect(got, wanted) {
  if (!Buffer.from(got).equals(Buffer.from(wanted)))
    throw new Error(`got ${got.length} bytes, expected ${wanted.length} others`);
}

async function talk(session) {
  const target = new URL(session.url);
  const ws = new WebSocket(session.url, { agent: new ProxyAgent(session, target), perMessageDeflate: session.deflate });
  const waiting = [], messages = [];
  ws.on('message', data => waiting.length ? waiting.shift()(data) : messages.push(data));
  const message = () => messages.length ? messages.shift() : new Promise(resolve => waiting.push(resolve));
  const event = name => new Promise((resolve, reject) => {
    ws.once(name, (...args) => resolve(args));
    ws.once('error', reject);
  });
  const timer = setTimeout(() => ws.terminate(), TIMEOUT);
  await event('open');
  if (session.deflate !== (ws.extensions === 'permessage-deflate' || 'permessage-deflate' in ws._extensions))
    throw new Error('the extension was not negotiated as wished');
  for (const text of ['hello', 'grüße '.repeat(2000), '']) {
    ws.send(text);
    expect(await message(), text);
  }
  const bytes = Buffer.alloc(65536, 'binary');
  ws.send(bytes);
  expect(await message(), bytes);
  ws.send('in ', { fin: false });
  ws.ping();
  ws.send('three ', { fin: false });
  ws.send('parts', { fin: true });
  expect(await message(), 'in three parts');
  ws.ping('are you there');
  const [pong] = await event('pong');
  expect(pong.length ? pong : (await event('pong'))[0], 'are you there');
  ws.close(4001, 'enough');
  const [code, reason] = await event('close');
  if (code !== 4001 || reason.toString() !== 'enough') throw new Error(`closed with ${code} ${reason}`);
  clearTimeout(timer);
}

(async () => {
  for (const session of JSON.parse(process.argv[2]))
    console.log(await talk(session).then(() => 'ok', fault => String(fault.stack || fault).replace(/\n/g, ' | ')));
})();
