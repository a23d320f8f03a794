/** The transport over WebSocket: one text frame per message, the system's key in the request's header. */
import { ERROR_CODES, ERRORS, LIMITS } from '@piculus/protocol';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { WebSocket } from 'ws';
import { ConnectRefused, type Link, type LinkHandlers, type Transport } from './transport.ts';

export interface WebSocketOptions {
  /** Address of the server; `http` and `https` are read as `ws` and `wss`, an empty path as the gateway's. */
  readonly url: string;
  readonly systemKey: string;
}

const HANDSHAKE_MS = 10_000;
/** After asking for an orderly end the other side has this long before the socket is cut. */
const CLOSE_MS = 2_000;
const NORMAL_CLOSURE = 1000;
const CLOSE_REASON_BYTES = 100;

/** @throws TypeError when the address cannot be read or is not one of a server. */
export function gatewayUrl(address: string): URL {
  if (!URL.canParse(address)) throw new TypeError(`url: "${address}" is not an address`);
  const url = new URL(address);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`url: "${url.protocol}" is none of ws:, wss:, http:, https:`);
  }
  if (url.username !== '' || url.password !== '')
    throw new TypeError('url: the key belongs into systemKey, not into the address');
  if (url.pathname === '/') url.pathname = GATEWAY_PATH;
  return url;
}

export function webSocketTransport(options: WebSocketOptions): Transport {
  const url = gatewayUrl(options.url);
  return { connect: (handlers, signal) => connect(url, options.systemKey, handlers, signal) };
}

function connect(url: URL, systemKey: string, handlers: LinkHandlers, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socketOptions = {
      headers: { authorization: `Bearer ${systemKey}` },
      perMessageDeflate: false,
      maxPayload: LIMITS.messageBytes,
      handshakeTimeout: HANDSHAKE_MS,
      // A dead peer never answers the closing handshake; the socket is cut then. The type does not know it yet.
      closeTimeout: CLOSE_MS,
      followRedirects: false,
    };
    const socket = new WebSocket(url, socketOptions);
    let opened = false;
    let fault = '';
    const refuse = (kind: ConnectRefused['kind'], detail: string): void =>
      reject(new ConnectRefused(kind, detail));
    const giveUp = (): void => socket.terminate();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('open', () => {
      opened = true;
      signal.removeEventListener('abort', giveUp);
      resolve({
        send: (frame) => socket.send(frame, () => {}),
        close: (reason) => closeSocket(socket, reason),
      });
    });
    socket.on('unexpected-response', (request, response) => {
      const { statusCode = 0, statusMessage = '' } = response;
      // A proxy in between says what it likes; only what the server says is put into words.
      const code = ERROR_CODES.find((each) => each === statusMessage);
      const meaning = code === undefined ? '' : `: ${ERRORS[code].meaning.en} (${code})`;
      refuse(
        statusCode === 401 || statusCode === 403 ? 'unauthorised' : 'unreachable',
        `the server answered ${statusCode}${meaning}`,
      );
      request.destroy();
    });
    socket.on('message', (data, isBinary) => {
      // A binary frame is no message of the protocol; as a text it is refused like any other that cannot be read.
      handlers.message(isBinary ? '' : asText(data));
    });
    socket.on('error', (error) => {
      fault = error.message === '' ? error.name : error.message;
      if (!opened) refuse('unreachable', fault);
    });
    socket.on('close', (code, reason) => {
      signal.removeEventListener('abort', giveUp);
      const told = reason.toString('utf8');
      if (opened)
        handlers.closed([`closed with ${code}`, told, fault].filter((part) => part !== '').join(': '));
      else refuse('unreachable', fault === '' ? `closed with ${code}` : fault);
    });
    if (signal.aborted) giveUp();
  });
}

function asText(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}

function closeSocket(socket: WebSocket, reason: string): void {
  socket.close(
    NORMAL_CLOSURE,
    Buffer.from(reason)
      .subarray(0, CLOSE_REASON_BYTES)
      .toString('utf8')
      .replace(/\ufffd$/, ''),
  );
}
