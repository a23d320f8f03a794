/** Opens links over NATS and carries their packets. */
import { JetStreamApiError, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { type NatsConnection, NoRespondersError, RequestError } from '@nats-io/transport-node';
import { ERROR_CODES, ERRORS } from '@piculus/protocol';
import {
  Courier,
  hashSystemKey,
  LinkEnd,
  linkKey,
  NATS_PUT_MS,
  natsDownStream,
  natsLinkConsumer,
  natsSubjects,
  type OpenAnswer,
  type Opened,
  openAnswerSchema,
  proveOpened,
  proveOpening,
  type PutAnswer,
  readOpening,
  sameProof,
  whyNotTaken,
} from '@piculus/protocol/link';
import { type Clock, systemClock } from '../../clock.ts';
import { describeError } from '../../masking/text.ts';
import { ConnectRefused, type Link, type LinkHandlers, type Transport } from '../transport.ts';
import { type LineOptions, type NatsLogin, type NatsTls, openLine } from './line.ts';

export type { NatsLogin, NatsTls } from './line.ts';

export interface NatsTransportOptions {
  /** Addresses of NATS, `nats://host:port` or `tls://host:port`; a list, or one text with commas between. */
  readonly servers: string | readonly string[];
  /** Key of this production system, `pic_…`; proves who this is and is never sent. */
  readonly systemKey: string;
  /** Null where NATS takes anybody. */
  readonly login: NatsLogin | null;
  readonly tls?: NatsTls;
  /** Allow `nats://` outside of this machine; what fixes and problems hold is readable on the way then. */
  readonly plaintext?: boolean;
  readonly clock?: Clock;
}

const NAMED_KEY = /^pic_([A-Z][A-Z0-9_-]{0,31})_[A-Za-z0-9_-]{43}$/;
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const ANSWER_MS = 5_000;
const ASK_AGAIN_MS = 250;
/** So long after an opening that was not answered comes the next one; all of them within ANSWER_MS. */
const ASK_ANEW_MS = [1_000, 2_000, ANSWER_MS] as const;
const TICK_MS = 500;
/** Refusals that another try cannot change soon. */
const FINAL: ReadonlySet<string> = new Set(['unknown-key']);

interface Settings extends LineOptions {
  readonly keyHash: Buffer;
  readonly clock: Clock;
}

/** @throws TypeError naming the option that is wrong. */
export function natsTransport(options: NatsTransportOptions): Transport {
  const sysCode = NAMED_KEY.exec(options.systemKey)?.[1];
  if (sysCode === undefined)
    throw new TypeError('systemKey: over NATS a key of the form pic_<system>_… is needed');
  const { servers, encrypted } = readServers(options);
  const settings: Settings = {
    servers,
    sysCode,
    login: options.login,
    tls: encrypted ? (options.tls ?? {}) : null,
    keyHash: hashSystemKey(options.systemKey),
    clock: options.clock ?? systemClock,
  };
  return { connect: (handlers, signal) => connectLink(settings, handlers, signal) };
}

function readServers({ servers, plaintext, tls }: NatsTransportOptions): {
  servers: string[];
  encrypted: boolean;
} {
  const texts = (typeof servers === 'string' ? servers.split(',') : [...servers]).map((text) => text.trim());
  const urls = texts.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '')
      throw new TypeError('servers: addresses that begin with nats:// or tls:// are needed');
    if (url.username !== '' || url.password !== '')
      throw new TypeError('servers: the user belongs into login, not into the address');
    return url;
  });
  const encrypted = urls.some(({ protocol }) => protocol === 'tls:');
  if (encrypted && urls.some(({ protocol }) => protocol !== 'tls:'))
    throw new TypeError('servers: tls:// for all or for none');
  if (tls !== undefined && !encrypted) throw new TypeError('tls: of use only with tls://');
  if (!encrypted && plaintext !== true && urls.some(({ hostname }) => !LOOPBACK.has(hostname)))
    throw new TypeError('servers: outside of this machine tls:// is needed, or plaintext: true');
  return { servers: urls.map(({ host, port }) => (port === '' ? `${host}:4222` : host)), encrypted };
}

async function connectLink(settings: Settings, handlers: LinkHandlers, signal: AbortSignal): Promise<Link> {
  const line = await openLine(settings);
  const giveUp = (): void => void line.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal.aborted) throw new ConnectRefused('unreachable', 'the client stops');
    const opened = await openLink(line, settings);
    return await new NatsLink({ line, settings, opened, handlers }).start();
  } catch (error) {
    await line.close();
    if (error instanceof ConnectRefused) throw error;
    throw new ConnectRefused('unreachable', `NATS: ${describeError(error)}`);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

interface Answered {
  readonly link: string;
  readonly answer: OpenAnswer;
}

/** @throws ConnectRefused where a server refuses, none answers, or the answer is not the server's. */
async function openLink(line: NatsConnection, settings: Settings): Promise<Opened> {
  const { sysCode, keyHash, clock } = settings;
  const done = new AbortController();
  const answered = askAnew(line, settings, done.signal);
  const { link, answer } = await withinMs(answered, clock, line).finally(() => done.abort());
  if ('refused' in answer) {
    const code = ERROR_CODES.find((each) => each === answer.refused);
    const words = code === undefined ? 'for an unknown reason' : `${ERRORS[code].meaning.en} (${code})`;
    throw new ConnectRefused(FINAL.has(answer.refused) ? 'unauthorised' : 'unreachable', `refused: ${words}`);
  }
  const opened = { sysCode, link, node: answer.node, nonce: answer.nonce };
  if (!sameProof(proveOpened(keyHash, opened), answer.proof))
    throw new ConnectRefused('unreachable', "an answer over NATS that is not the server's");
  return opened;
}

/**
 * Between two accounts NATS does not tell that nobody listens, and an opening from before the server came back is lost.
 * Each is for a link of its own: two servers must not share one. The server gives up those that nobody uses.
 */
function askAnew(line: NatsConnection, settings: Settings, over: AbortSignal): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const openings = async (): Promise<void> => {
      for (const pauseMs of ASK_ANEW_MS) {
        const next = new AbortController();
        askOnce(line, settings, next.signal).then(resolve, reject);
        await settings.clock.sleep(pauseMs, over);
        next.abort();
        if (over.aborted) return;
      }
    };
    openings().catch(reject);
  });
}

async function askOnce(
  line: NatsConnection,
  { sysCode, keyHash, clock }: Settings,
  over: AbortSignal,
): Promise<Answered> {
  const link = clock.uuid().replaceAll('-', '');
  const answered = new Promise<OpenAnswer>((resolve, reject) => {
    line.subscribe(natsSubjects.opened(sysCode, link), {
      max: 1,
      callback: (error, message) => {
        const answer = error === null ? readOpening(openAnswerSchema, message.data) : null;
        if (answer === null)
          reject(error ?? new ConnectRefused('unreachable', 'an answer that cannot be read'));
        else resolve(answer);
      },
    });
  });
  answered.catch(() => {});
  await line.flush();
  const request = { v: 1, link, proof: proveOpening(keyHash, { sysCode, link }) };
  void ask(line, { subject: natsSubjects.open(sysCode), body: JSON.stringify(request), clock }, over);
  return { link, answer: await answered };
}

/** Asks again while no server listens. Its own answer comes to a subject that NATS keeps for this system. */
async function ask(
  line: NatsConnection,
  { subject, body, clock }: { readonly subject: string; readonly body: string; readonly clock: Clock },
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted && !line.isClosed()) {
    try {
      await line.request(subject, body, { timeout: ANSWER_MS });
      return;
    } catch (error) {
      // NATS tells at once that nobody listens; after anything else a server may be working on it.
      const nobody = error instanceof RequestError && error.isNoResponders();
      if (!nobody && !(error instanceof NoRespondersError)) return;
      await clock.sleep(ASK_AGAIN_MS, over);
    }
  }
}

/** Also ends where NATS refuses what was asked for, which it tells apart from the request, or goes away. */
async function withinMs<T>(work: Promise<T>, clock: Clock, line: NatsConnection): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(ANSWER_MS, done.signal).then(() => {
    throw new ConnectRefused('unreachable', 'no server answers over NATS');
  });
  const gone = line.closed().then((error) => {
    throw new ConnectRefused('unreachable', error?.message ?? 'the connection to NATS ended');
  });
  late.catch(() => {});
  gone.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, late, gone, refusals(line, done.signal)]);
  } finally {
    done.abort();
  }
}

async function refusals(line: NatsConnection, over: AbortSignal): Promise<never> {
  for await (const status of line.status()) {
    if (over.aborted) break;
    if (status.type === 'error') throw new ConnectRefused('unreachable', `NATS: ${status.error.message}`);
  }
  return new Promise(() => {});
}

interface NatsLinkOptions {
  readonly line: NatsConnection;
  readonly settings: Settings;
  readonly opened: Opened;
  readonly handlers: LinkHandlers;
}

class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #jetStream: JetStreamClient;
  readonly #courier: Courier;
  readonly #end: LinkEnd;
  readonly #over = new AbortController();

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    const { line, settings, opened, handlers } = options;
    const { clock } = settings;
    this.#jetStream = jetstream(line, { checkAPI: false });
    const subject = natsSubjects.up(opened.sysCode, opened.node, opened.link);
    const courier = new Courier({
      put: (packet) => this.#put(subject, packet),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      lost: () => end.terminate('NATS does not take packets any more'),
    });
    const end = new LinkEnd({
      key: linkKey(settings.keyHash, opened),
      side: 'client',
      hooks: {
        transmit: (packet) => courier.send(packet),
        deliver: (message) => handlers.message(message),
        ended: ({ by, reason }) => this.#ended(by === 'peer' ? `the server closed: ${reason}` : reason),
        nowMs: () => clock.elapsedMs(),
      },
    });
    this.#courier = courier;
    this.#end = end;
  }

  /** @throws where what the server made for this link is not there. */
  async start(): Promise<Link> {
    const { line, opened } = this.#options;
    const stream = natsDownStream(opened.sysCode);
    const consumer = await this.#jetStream.consumers.get(stream, natsLinkConsumer(opened.link));
    const messages = await consumer.consume({
      max_messages: 64,
      callback: (message) => {
        this.#end.receive(message.data);
        message.ack();
      },
    });
    void this.#watch(messages.status());
    void this.#tick();
    line.closed().then((error) => {
      this.#courier.stop();
      this.#end.terminate(`the connection to NATS ended${error ? `: ${error.message}` : ''}`);
    });
    return {
      send: (frame) => void this.#end.send(frame),
      close: (reason) => this.#end.close(reason),
    };
  }

  async #watch(news: AsyncIterable<{ readonly type: string }>): Promise<void> {
    const broken = ['stream_not_found', 'consumer_not_found', 'consumer_deleted', 'heartbeats_missed'];
    for await (const { type } of news) if (broken.includes(type)) this.#end.terminate(`NATS: ${type}`);
  }

  async #tick(): Promise<void> {
    const { clock } = this.#options.settings;
    while (!this.#over.signal.aborted) {
      await clock.sleep(TICK_MS, this.#over.signal);
      this.#end.tick();
    }
  }

  /** The last packets still go out before the connection closes. */
  #ended(reason: string): void {
    const { line, handlers, settings } = this.#options;
    this.#over.abort();
    const late = new AbortController();
    Promise.race([this.#courier.idle(), settings.clock.sleep(NATS_PUT_MS, late.signal)])
      .finally(() => {
        late.abort();
        this.#courier.stop();
        return line.close();
      })
      .catch(() => {});
    handlers.closed(reason);
  }

  async #put(subject: string, packet: Uint8Array): Promise<PutAnswer> {
    const { line } = this.#options;
    try {
      await this.#jetStream.publish(subject, packet, { timeout: NATS_PUT_MS });
      return 'taken';
    } catch (error) {
      if (line.isClosed()) return 'lost';
      const reason = whyNotTaken(error, error instanceof JetStreamApiError ? error.code : null);
      // Without an answer it may be there; the server drops what comes twice.
      return reason === 'timeout' ? 'full' : reason;
    }
  }
}
