/**
 * NATS as a second way for clients to come in. NATS carries packets and keeps nothing that counts: where it goes
 * away or loses its store, links end, clients open new ones, and what was not acknowledged is said again.
 */
import { setMaxListeners } from 'node:events';
import type { ConsumerMessages } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { PiculusError } from '@piculus/protocol';
import {
  type OpenAnswer,
  openRequestSchema,
  natsNodeConsumer,
  NATS_UP_STREAM,
  natsSubjects,
  proveOpened,
  proveOpening,
  readOpening,
  readSubject,
  sameProof,
} from '@piculus/protocol/link';
import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import { type Metrics, noMetrics } from '../../base/metrics.ts';
import type { NatsConfig } from '../../config-nats.ts';
import { StartError } from '../../start-error.ts';
import type { Door, GatewayTransport } from '../transport.ts';
import { readStreamFigures, type StreamFigures } from './figures.ts';
import { type Line, NatsUnusable, openLine } from './line.ts';
import { ServerLink } from './server-link.ts';
import {
  addLinkConsumer,
  addNodeConsumer,
  ensureDownStream,
  ensureUpStream,
  removeLink,
  removeNode,
} from './streams.ts';

export interface NatsTransportOptions {
  readonly config: NatsConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
}

const TICK_MS = 500;
/** Openings that are being worked on; clients whose opening is not answered try again. */
const OPENING_MAX = 64;
const AGAIN_MS = { least: 250, most: 5_000, unusable: 30_000 } as const;
/** The last packets of a link are left for its client this long. */
const LAST_WORD_MS = 3_000;
/** Where NATS takes nothing for so long, what a link had to say at its end is given up. */
const GIVE_UP_MS = 5_000;
const QUEUE = 'piculus';

/** @returns a transport whose start throws a StartError where NATS answers and cannot be used. */
export function createNatsTransport(options: NatsTransportOptions): GatewayTransport {
  return new NatsTransport({ ...options, metrics: options.metrics ?? noMetrics });
}

type Options = NatsTransportOptions & { readonly metrics: Metrics };

class NatsTransport implements GatewayTransport {
  readonly name = 'nats';
  readonly #options: Options;
  readonly #stop = new AbortController();
  #served: ServedLine | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
    this.#tellFigures();
  }

  get ready(): boolean {
    return this.#served?.open ?? false;
  }

  async start(door: Door): Promise<void> {
    const { log } = this.#options;
    const first = await this.#serve(door).catch((error: unknown) => {
      if (error instanceof NatsUnusable) throw new StartError('nats-unusable', `NATS: ${error.message}`);
      log.error({ err: error }, 'NATS cannot be reached; trying again, clients can come by WebSocket');
      return null;
    });
    this.#running = this.#run(door, first);
  }

  close(): void {
    this.#stop.abort();
    this.#served?.closeDoor();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#served?.end();
    await this.#running;
    // One that was still coming up.
    await this.#served?.end();
  }

  async #run(door: Door, first: ServedLine | null): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    let served = first;
    for (let failures = served === null ? 1 : 0; !signal.aborted; ) {
      if (served !== null) {
        await served.closed;
        served = null;
        failures = 0;
      }
      if (signal.aborted) break;
      const ceiling = Math.min(AGAIN_MS.most, AGAIN_MS.least * 2 ** failures);
      await clock.sleep(ceiling * (0.5 + clock.random() / 2), signal);
      if (signal.aborted) break;
      try {
        served = await this.#serve(door);
        log.info('NATS can be reached again');
      } catch (error) {
        failures = Math.min(failures + 1, 10);
        log.warn({ err: error, failures }, 'NATS cannot be used; trying again');
        if (error instanceof NatsUnusable) await clock.sleep(AGAIN_MS.unusable, signal);
      }
    }
  }

  async #serve(door: Door): Promise<ServedLine> {
    const { config, clock } = this.#options;
    // Anew for each connection: packets for an older one are for links that have ended.
    const node = token(clock);
    const connected = (result: 'ok' | 'failed'): void =>
      this.#options.metrics.count('piculus_nats_connects_total', { result });
    const line = await openLine(config, node).catch((error: unknown) => {
      connected('failed');
      throw error;
    });
    connected('ok');
    const served = new ServedLine({ ...this.#options, line, node, door });
    try {
      await served.start();
    } catch (error) {
      await line.connection.close();
      throw error;
    }
    if (this.#stop.signal.aborted) served.closeDoor();
    this.#served = served;
    return served;
  }

  #tellFigures(): void {
    const { metrics, clock } = this.#options;
    metrics.gauges(['piculus_nats_links'], (set) => set('piculus_nats_links', {}, this.#served?.links ?? 0));
    metrics.gauges(
      [
        'piculus_nats_stream_messages',
        'piculus_nats_stream_bytes',
        'piculus_nats_stream_bytes_max',
        'piculus_nats_pending',
        'piculus_nats_ack_pending',
      ],
      async (set) => {
        const served = this.#served;
        // Where NATS is away, `piculus_transport_ready` says so, and nothing is known of its streams.
        if (served === null || !served.open) return;
        for (const figures of await served.figures(clock)) {
          const { stream } = figures;
          set('piculus_nats_stream_messages', { stream }, figures.messages);
          set('piculus_nats_stream_bytes', { stream }, figures.bytes);
          set('piculus_nats_stream_bytes_max', { stream }, figures.bytesMax);
          set('piculus_nats_pending', { stream }, figures.pending);
          set('piculus_nats_ack_pending', { stream }, figures.acknowledging);
        }
      },
    );
  }
}

interface ServedLineOptions extends Options {
  readonly line: Line;
  readonly node: string;
  readonly door: Door;
}

/** One connection to NATS with all links that stand on it. */
class ServedLine {
  readonly closed: Promise<void>;
  readonly #options: ServedLineOptions;
  readonly #links = new Map<string, ServerLink>();
  /** Streams of these systems are there, as far as is known. */
  readonly #systems = new Set<string>();
  readonly #gone = new AbortController();
  #messages: ConsumerMessages | null = null;
  #opening = 0;
  #doorOpen = true;
  #removing = new Set<Promise<void>>();

  constructor(options: ServedLineOptions) {
    this.#options = options;
    // Every link that ends waits on it for a while.
    setMaxListeners(0, this.#gone.signal);
    this.closed = options.line.connection.closed().then(() => this.#cut());
  }

  get open(): boolean {
    return this.#doorOpen && !this.#gone.signal.aborted;
  }

  get links(): number {
    return this.#links.size;
  }

  figures(clock: Clock): Promise<readonly StreamFigures[]> {
    return readStreamFigures(this.#options.line, this.#systems, clock);
  }

  async start(): Promise<void> {
    const { line, node } = this.#options;
    await ensureUpStream(line);
    await addNodeConsumer(line, node);
    const consumer = await line.jetStream.consumers.get(NATS_UP_STREAM, natsNodeConsumer(node));
    this.#messages = await consumer.consume({
      max_messages: 500,
      callback: (message) => {
        const subject = readSubject(message.subject);
        const link = subject?.tokens[1] ?? '';
        // A link that is not known any more has told its end; its client hears of it or finds out by silence.
        this.#links.get(`${subject?.sysCode}.${link}`)?.receive(message.data);
        message.ack();
      },
    });
    this.#watch(this.#messages);
    line.connection.subscribe(natsSubjects.open('*'), {
      queue: QUEUE,
      callback: (error, message) => {
        if (error === null) this.#asked(message);
      },
    });
    await line.connection.flush();
    this.#tick();
  }

  closeDoor(): void {
    this.#doorOpen = false;
  }

  /** Waits until all that was said is with NATS, and closes. */
  async end(): Promise<void> {
    this.#doorOpen = false;
    const { line, node } = this.#options;
    if (line.connection.isClosed()) return;
    const links = [...this.#links.values()];
    for (const link of links) link.connection.close('stopping');
    // Each that ends is among them from then on.
    await Promise.all(this.#removing);
    this.#messages?.stop();
    await removeNode(line, node).catch(() => {});
    await line.connection.close();
    await this.closed;
  }

  #cut(): void {
    this.#gone.abort();
    for (const link of [...this.#links.values()]) link.cut();
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      const broken = ['stream_not_found', 'consumer_not_found', 'consumer_deleted', 'heartbeats_missed'];
      if (!broken.includes(type) || this.#gone.signal.aborted) continue;
      this.#options.log.warn({ type }, 'NATS has lost what links go through; making it anew');
      await this.#options.line.connection.close();
    }
  }

  async #tick(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#gone;
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      for (const link of [...this.#links.values()]) link.tick();
    }
  }

  #asked(message: Msg): void {
    if (!this.open || this.#opening >= OPENING_MAX) return;
    this.#opening += 1;
    this.#open(message)
      .catch((error: unknown) => {
        if (!this.#gone.signal.aborted) this.#options.log.warn({ err: error }, 'a link could not be opened');
      })
      .finally(() => {
        this.#opening -= 1;
      });
  }

  async #open(message: Msg): Promise<void> {
    const { door, line, node, clock, log, metrics } = this.#options;
    const sysCode = readSubject(message.subject)?.sysCode;
    const request = readOpening(openRequestSchema, message.data);
    if (sysCode === undefined || request === null || this.#links.has(`${sysCode}.${request.link}`)) return;
    const { link, proof } = request;
    const answer = (body: OpenAnswer): void =>
      // Never to the subject that the request names: it may be another system's.
      line.connection.publish(natsSubjects.opened(sysCode, link), JSON.stringify(body));
    try {
      const proves = (hash: Buffer): boolean => sameProof(proveOpening(hash, { sysCode, link }), proof);
      const { keyHash, ...peer } = await door.authenticateProof(sysCode, proves);
      await this.#makeRoom(sysCode, link);
      if (!this.open) throw new PiculusError('stopping');
      // The same opening may have come twice, and the other one was quicker.
      if (this.#links.has(`${sysCode}.${link}`)) return;
      const opened = { sysCode, link, node, nonce: token(clock) };
      const made = new ServerLink({
        line,
        opened,
        keyHash,
        clock,
        log,
        ended: (ended) => this.#ended(ended),
        notTaken: (reason) => metrics.count('piculus_nats_publish_failures_total', { reason }),
      });
      this.#links.set(`${sysCode}.${link}`, made);
      made.listen(door.accept(made.connection, peer));
      answer({ v: 1, node, nonce: opened.nonce, proof: proveOpened(keyHash, opened) });
    } catch (error) {
      if (!(error instanceof PiculusError)) throw error;
      log.info({ sysCode, code: error.code }, 'a link was refused');
      answer({ v: 1, refused: error.code });
    }
  }

  async #makeRoom(sysCode: string, link: string): Promise<void> {
    const { line } = this.#options;
    if (!this.#systems.has(sysCode)) await ensureDownStream(line, sysCode);
    this.#systems.add(sysCode);
    try {
      await addLinkConsumer(line, sysCode, link);
    } catch (error) {
      // The stream may have gone since; the next try makes it again.
      this.#systems.delete(sysCode);
      throw error;
    }
  }

  #ended(link: ServerLink): void {
    const { sysCode, link: id } = link.opened;
    this.#links.delete(`${sysCode}.${id}`);
    const { line, clock } = this.#options;
    const { signal } = this.#gone;
    if (signal.aborted) return;
    const work = this.#lastWords(link)
      .then(() => (this.#doorOpen ? clock.sleep(LAST_WORD_MS, signal) : undefined))
      .then(() => (signal.aborted || !this.#doorOpen ? undefined : removeLink(line, sysCode, id)))
      // NATS forgets it by itself after a while.
      .catch(() => {})
      .finally(() => this.#removing.delete(work));
    this.#removing.add(work);
  }

  /** A stream that is full of what nobody reads would hold them for minutes, and its system with them. */
  async #lastWords(link: ServerLink): Promise<void> {
    const said = new AbortController();
    const late = this.#options.clock.sleep(GIVE_UP_MS, AbortSignal.any([said.signal, this.#gone.signal]));
    await Promise.race([link.idle(), late]);
    said.abort();
    link.giveUp();
  }
}

const token = (clock: Clock): string => clock.bytes(16).toString('hex');
