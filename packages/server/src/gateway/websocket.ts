/** The WebSocket transport, on the HTTP server's own port at GATEWAY_PATH. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode, LIMITS, PiculusError } from '@piculus/protocol';
import { GATEWAY_PATH, type ProblemDetails } from '@piculus/protocol/http';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { CloseReason, Connection, Door, GatewayTransport, Peer } from './transport.ts';

/** WebSocket close codes; 4000 and above are ours. */
const CLOSE_CODES: Readonly<Record<CloseReason, number>> = {
  stopping: 1001,
  violation: 1008,
  'no-hello': 1008,
  'hello-failed': 1013,
  'key-revoked': 4001,
  replaced: 4002,
  silent: 4003,
  'too-slow': 4004,
};
/** Frames a little above the limit are still read, so that the refusal can name its reason before the close. */
const FRAME_BYTES_MAX = LIMITS.messageBytes * 2;

export interface WebSocketTransportOptions {
  readonly server: Server;
  readonly log: Logger;
  readonly requestId: () => string;
}

export function createWebSocketTransport(options: WebSocketTransportOptions): GatewayTransport {
  const { server } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
  });
  let upgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | null = null;
  return {
    name: 'websocket',
    get ready() {
      return upgrade !== null;
    },
    start(door) {
      upgrade = (request, socket, head) => {
        const ignore = (): void => {};
        // Until the WebSocket library takes the socket over, an error of it has no other listener.
        socket.on('error', ignore);
        admit(door, request).then(
          (peer) => {
            socket.off('error', ignore);
            sockets.handleUpgrade(request, socket, head, (ws) => {
              attach(ws, request, { ...options, door }, peer);
            });
          },
          (error: unknown) => refuse(socket, error, options),
        );
      };
      server.on('upgrade', upgrade);
    },
    close() {
      if (upgrade !== null) server.off('upgrade', upgrade);
      upgrade = null;
      server.on('upgrade', (_request, socket) => refuse(socket, new PiculusError('stopping'), options));
      sockets.close();
    },
    // Each socket closes by its own handshake.
    end() {},
  };
}

async function admit(door: Door, request: IncomingMessage): Promise<Peer> {
  const path = (request.url ?? '').split('?', 1)[0];
  if (path !== GATEWAY_PATH) throw new PiculusError('not-found', `connect to ${GATEWAY_PATH}`);
  // A browser says where a page comes from; programs do not. No page has any business here, whatever key it has.
  if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined)
    throw new PiculusError('not-allowed', 'a page in a browser cannot be a client');
  const match = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined)
    throw new PiculusError('unknown-key', 'send "Authorization: Bearer <system key>"');
  return door.authenticate(match[1]);
}

function refuse(socket: Duplex, error: unknown, options: WebSocketTransportOptions): void {
  const code: ErrorCode = error instanceof PiculusError ? error.code : 'internal';
  const requestId = options.requestId();
  if (code === 'internal') options.log.error({ err: error, requestId }, 'a connection could not be admitted');
  const details: ProblemDetails = {
    code,
    message: ERRORS[code].meaning,
    detail: error instanceof PiculusError ? error.message : ERRORS[code].meaning.en,
    retryable: ERRORS[code].retryable,
    requestId,
    fields: [],
  };
  const body = JSON.stringify(details);
  const status = ERRORS[code].status;
  socket.end(
    [
      `HTTP/1.1 ${status} ${code}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
      ...(status === 503 ? ['Retry-After: 5'] : []),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function attach(
  ws: WebSocket,
  request: IncomingMessage,
  options: WebSocketTransportOptions & { readonly door: Door },
  peer: Peer,
): void {
  const connection: Connection = {
    remoteAddress: request.socket.remoteAddress ?? 'unknown',
    get bufferedBytes() {
      return ws.bufferedAmount;
    },
    send: (frame) => {
      if (ws.readyState !== ws.OPEN) return false;
      ws.send(frame);
      return true;
    },
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    // A paused socket would never see the peer's half of the closing handshake.
    close: (reason) => {
      ws.resume();
      ws.close(CLOSE_CODES[reason], reason);
    },
    terminate: () => ws.terminate(),
  };
  const listener = options.door.accept(connection, peer);
  ws.on('message', (data: RawData, binary: boolean) => {
    // A binary frame is no message; as text that is no JSON it is refused by the ordinary way.
    listener.frame(binary ? '\u{FFFD}binary' : data.toString());
  });
  // The library closes after an error; what it was is for our log only.
  ws.on('error', (error) => {
    options.log.info(
      { err: error, sysCode: peer.sysCode, remote: connection.remoteAddress },
      'a connection broke',
    );
    const code = 'code' in error ? error.code : undefined;
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') listener.unreadable('too-large', FRAME_BYTES_MAX);
    else if (code === 'WS_ERR_INVALID_UTF8') listener.unreadable('broken-json', 0);
  });
  ws.on('close', () => listener.closed());
}
