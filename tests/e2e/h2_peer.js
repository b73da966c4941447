// SPDX-License-Identifier: Apache-2.0
// Ends of node's `http2`, with node's `ws` on the streams of extended CONNECT (RFC 8441):
//   node h2_peer.js server OPTIONS.json   {"pem":..,"connect":..,"streams":..,"page":..}
//     prints its port, and then what is posted to /result, a line each
//   node h2_peer.js client SESSION.json   {"port":..,"host":..,"proxy":[host,port],"ca":..,"work":[..],"path":..}
// The client prints one line of JSON: what each piece of work gave, or what went wrong; all of it at the same time.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');
const net = require('net');
const tls = require('tls');
const WebSocket = require('ws');

const TIMEOUT = 30000;
const [role, file] = process.argv.slice(2);
const options = JSON.parse(fs.readFileSync(file));

/// A WebSocket of node's `ws` on a stream that is open both ways.
function websocket(stream, isServer) {
  const ws = new WebSocket(null);
  ws._isServer = isServer;
  stream.setNoDelay = () => {};
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 64 << 20 });
  return ws;
}

const sha256 = bytes => crypto.createHash('sha256').update(bytes).digest('hex');

function read(stream) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
  });
}

function serveSocket(stream, headers) {
  const path = headers[':path'];
  if (path === '/refuse') return stream.respond({ ':status': 403, 'x-why': 'no' }, { endStream: true });
  if (path === '/abort') return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  const protocol = headers['sec-websocket-protocol'];
  stream.respond(protocol ? { ':status': 200, 'sec-websocket-protocol': protocol } : { ':status': 200 });
  const ws = websocket(stream, true);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('error', () => {});
}

async function serveRequest(stream, headers) {
  const [path, query] = headers[':path'].split('?');
  if (path === '/' && options.page) {
    stream.respond({ ':status': 200, 'content-type': 'text/html' });
    return stream.end(fs.readFileSync(options.page));
  }
  if (path === '/result') {
    console.log(String(await read(stream)));
    stream.respond({ ':status': 200 });
    return stream.end();
  }
  if (path === '/headers') {
    stream.respond({ ':status': 200 });
    return stream.end(JSON.stringify(headers));
  }
  if (path === '/digest') {
    const body = await read(stream);
    stream.respond({ ':status': 200 });
    return stream.end(sha256(body));
  }
  if (path === '/interim') stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
  if (path === '/trailers') {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'of the body' }));
    return stream.end('body');
  }
  if (path === '/cut') {
    stream.respond({ ':status': 200 });
    stream.write('half');
    return setTimeout(() => stream.destroy(new Error('cut')), 50);
  }
  if (path === '/goaway') stream.session.goaway();
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end(headers[':method'] === 'HEAD' ? undefined : Buffer.alloc(Number(query || 5), 'hello'));
}

function serve() {
  const settings = { enableConnectProtocol: options.connect !== false };
  if (options.streams) settings.maxConcurrentStreams = options.streams;
  const pem = options.pem && fs.readFileSync(options.pem);
  const server = pem ? http2.createSecureServer({ cert: pem, key: pem, settings, allowHTTP1: false })
                     : http2.createServer({ settings });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':method'] === 'CONNECT') return serveSocket(stream, headers);
    serveRequest(stream, headers).catch(() => stream.close());
  });
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

async function tunnel() {
  const socket = net.connect(options.proxy[1], options.proxy[0]);
  if (!options.tunnel) return socket;
  socket.write(`CONNECT ${options.tunnel} HTTP/1.1\r\nHost: ${options.tunnel}\r\n\r\n`);
  const reply = await new Promise((resolve, reject) => {
    socket.once('readable', () => resolve(socket.read()));
    socket.once('error', reject);
  });
  if (!reply.toString().startsWith('HTTP/1.1 200')) throw new Error(reply.toString());
  socket.unshift(reply.subarray(reply.indexOf('\r\n\r\n') + 4));
  return socket;
}

async function connect() {
  const socket = await tunnel();
  const secured = options.ca && tls.connect({ socket, servername: 'localhost', ca: fs.readFileSync(options.ca),
                                              ALPNProtocols: ['h2', 'http/1.1'] });
  if (secured) await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
  if (secured && secured.alpnProtocol !== 'h2') throw new Error(`agreed on ${secured.alpnProtocol}`);
  const session = http2.connect(options.ca ? 'https://localhost' : 'http://localhost',
                                { createConnection: () => secured || socket });
  session.on('error', () => {});
  await new Promise((resolve, reject) => session.once('remoteSettings', resolve).once('error', reject));
  return session;
}

const failure = stream => new Promise((_, reject) => stream.once('error', fault => reject(fault)));

async function talk(session, { path = '/echo', messages = 5, bytes = 0 }) {
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path,
                                   ':scheme': options.ca ? 'https' : 'http', ':authority': options.authority,
                                   'sec-websocket-version': '13', origin: 'https://localhost' });
  const answered = new Promise(resolve => stream.once('response', headers => {
    const refusal = headers[':status'] === 200 ? undefined : read(stream);
    resolve({ status: headers[':status'], why: headers['x-why'], refusal });
  }));
  const { status, why, refusal } = await Promise.race([answered, failure(stream)]);
  if (refusal) return { status, why, body: (await refusal).toString() };
  const ws = websocket(stream, false);
  const received = [];
  const closed = new Promise(resolve => ws.once('close', (code, reason) => resolve([code, reason.toString()])));
  const done = new Promise(resolve => ws.on('message', (data, isBinary) => {
    received.push(isBinary ? sha256(data) : data.toString());
    if (received.length === messages + (bytes ? 1 : 0)) resolve();
  }));
  ws.on('error', () => {});
  for (let n = 0; n < messages; ++n) ws.send(`message ${n}`);
  if (bytes) ws.send(Buffer.alloc(bytes, 'wire'));
  await Promise.race([done, closed]);
  ws.close(4001, 'enough');
  return { received, closed: await closed, expected: bytes ? sha256(Buffer.alloc(bytes, 'wire')) : undefined };
}

async function ask(session, { method = 'GET', path, bytes = 0, headers = {} }) {
  const stream = session.request({ ':method': method, ':path': path, ':authority': options.authority, ...headers },
                                 { endStream: bytes === 0 });
  if (bytes) stream.end(Buffer.alloc(bytes, 'body'));
  const result = {};
  stream.on('headers', interim => { result.interim = interim[':status']; });
  stream.on('trailers', trailers => { result.trailers = trailers['x-checksum']; });
  const whole = read(stream);  // from the start: node throws away what nobody reads once the stream is over
  whole.catch(() => {});
  const answered = new Promise(resolve => stream.once('response', resolve));
  const response = await Promise.race([answered, failure(stream)]);
  result.status = response[':status'];
  const body = await Promise.race([whole, failure(stream)]);
  result.bytes = body.length;
  result.code = stream.rstCode;
  if (body.length < 2000) result.body = body.toString();
  return result;
}

/// What has not ended yet, for whoever wonders why nothing comes.
const unfinished = new Set(['connect']);

async function work() {
  const session = await connect();
  unfinished.delete('connect');
  const settings = session.remoteSettings;
  const told = await Promise.all(options.work.map(each => {
    unfinished.add(each);
    return (each.kind === 'talk' ? talk(session, each) : ask(session, each))
      .catch(fault => ({ fault: String(fault.code || fault) }))
      .finally(() => unfinished.delete(each));
  }));
  session.close();
  return { connect: settings.enableConnectProtocol, streams: settings.maxConcurrentStreams, told };
}

if (role === 'server') {
  serve();
} else {
  const late = new Promise((_, reject) => setTimeout(
      () => reject(new Error(`after ${TIMEOUT} ms: ${JSON.stringify([...unfinished])}`)), TIMEOUT));
  Promise.race([work(), late]).catch(fault => ({ fault: String(fault.stack || fault) }))
      .then(result => console.log(JSON.stringify(result)))
      .then(() => process.exit(0));
}
