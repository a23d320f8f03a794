/** What a client is made of, checked at once: an error names the option and what is wrong with it. */
import { hostname } from 'node:os';
import { fixCodeSchema, LIMITS } from '@piculus/protocol';
import { readServerKey, type ServerKey } from '@piculus/protocol/signing';
import { type Clock, systemClock } from './clock.ts';
import { type LagMeter, startLagMeter } from './connection/lag.ts';
import { DEFAULT_RECONNECT, type ReconnectOptions } from './connection/connection.ts';
import type { Transport } from './connection/transport.ts';
import { gatewayUrl, webSocketTransport } from './connection/websocket.ts';
import type { Collector } from './fix.ts';
import type { Journal } from './journal/journal.ts';
import { type Logger, silentLogger } from './logger.ts';
import { checkPersonalFields, type PersonalFields } from './masking/facts.ts';
import type { AnyFix } from './runner/any-fix.ts';
import { noTracing, type Tracing } from './tracing/tracing.ts';

/** A fix with the collector that finds its problems; both under one fix code. */
export interface FixPair<Tx> {
  readonly collector: Collector;
  readonly fix: AnyFix<Tx>;
}

export interface ClientOptions<Tx> {
  /**
   * Address of the server, for instance `wss://piculus.example.com` or `http://127.0.0.1:7070`. Needed unless a
   * `transport` is given.
   */
  readonly url?: string;
  /** Key of this production system; it alone says for which system this client speaks. */
  readonly systemKey: string;
  /**
   * Public keys of the server, as `piculus systems create` and `piculus keys list` print them: a list, or one text
   * with commas between. A command that none of them signed is refused before a fix sees it.
   */
  readonly serverKeys: string | readonly string[];
  /**
   * Trust further keys that a trusted one vouches for, for as long as this process runs. Default false: new keys
   * come with the configuration only.
   */
  readonly followRotation?: boolean;
  /** Name and version of the program that embeds the client, as operators will see it. */
  readonly application: { readonly name: string; readonly version: string };
  readonly fixes: readonly FixPair<Tx>[];
  /** Where effects are noted in their own transaction; `postgresJournal` in production. */
  readonly journal: Journal<Tx>;
  /** Commands executed at the same time; default 16. Bounds the load on the production database. */
  readonly places?: number;
  /** Personal fields of the facts, masked before they leave: `payee`, `order.counterparty`. */
  readonly personal?: PersonalFields;
  /** A command that takes longer is asked to give up; default 300,000 ms. */
  readonly commandMs?: number;
  /** Examinations in one execution; default 12. */
  readonly roundsMax?: number;
  readonly reconnect?: Partial<ReconnectOptions>;
  /** Makes spans of collects and fixes, for instance `openTelemetryTracing()`. Default: none. */
  readonly tracing?: Tracing;
  /** Default: silent. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Default: WebSocket to `url`. */
  readonly transport?: Transport;
  /** What the client says of the process that it runs in; default: what the operating system says. */
  readonly identity?: { readonly host: string; readonly pid: number };
  /** Measures how late this process answers; default: the event loop's delay. */
  readonly lag?: () => LagMeter;
}

export interface CheckedOptions<Tx> {
  /** As the key says; null where it is of another form. */
  readonly sysCode: string | null;
  readonly serverKeys: readonly ServerKey[];
  readonly followRotation: boolean;
  readonly application: { readonly name: string; readonly version: string };
  readonly collectors: ReadonlyMap<string, Collector>;
  readonly fixes: ReadonlyMap<string, AnyFix<Tx>>;
  readonly journal: Journal<Tx>;
  readonly places: number;
  readonly personal: PersonalFields;
  readonly commandMs: number;
  readonly roundsMax: number;
  readonly reconnect: ReconnectOptions;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly identity: { readonly host: string; readonly pid: number };
  readonly lag: () => LagMeter;
}

const HOST_LENGTH = 255;
const SYSTEM_KEY = /^[\x21-\x7e]{1,256}$/;
/** The form of the server's own keys, which name their system. */
const NAMED_KEY = /^pic_([A-Z][A-Z0-9_-]{0,31})_[A-Za-z0-9_-]{43}$/;

/** @throws TypeError naming the option. */
export function checkOptions<Tx>(options: ClientOptions<Tx>): CheckedOptions<Tx> {
  const { systemKey, personal = [], logger: log = silentLogger, clock = systemClock } = options;
  const { transport = webSocket(options, log) } = options;
  if (typeof systemKey !== 'string' || !SYSTEM_KEY.test(systemKey)) {
    throw new TypeError('systemKey: the key of the system is missing or has characters that no key has');
  }
  if (typeof options.journal?.open !== 'function')
    throw new TypeError('journal: a journal is needed, for instance postgresJournal({ pool })');
  checkPersonalFields(personal, 'personal');
  return {
    sysCode: NAMED_KEY.exec(systemKey)?.[1] ?? null,
    serverKeys: checkServerKeys(options.serverKeys),
    followRotation: options.followRotation === true,
    application: checkApplication(options.application),
    ...checkFixes(options.fixes),
    journal: options.journal,
    places: wholeNumber('places', options.places ?? 16, LIMITS.placesMax),
    personal,
    commandMs: wholeNumber('commandMs', options.commandMs ?? 300_000, 86_400_000),
    roundsMax: wholeNumber('roundsMax', options.roundsMax ?? 12, 100),
    tracing: options.tracing ?? noTracing,
    reconnect: checkReconnect({ ...DEFAULT_RECONNECT, ...options.reconnect }),
    log,
    clock,
    transport,
    identity: options.identity ?? { host: hostname().slice(0, HOST_LENGTH), pid: process.pid },
    lag: options.lag ?? startLagMeter,
  };
}

function webSocket({ url, systemKey }: ClientOptions<never>, log: Logger): Transport {
  if (url === undefined) throw new TypeError('url: the address of the server is missing');
  const { protocol, hostname: host } = gatewayUrl(url);
  if (protocol === 'ws:' && !isLoopback(host))
    log.warn({ host }, 'the connection is not encrypted; use wss:// or https:// outside one machine');
  return webSocketTransport({ url, systemKey });
}

function checkServerKeys(given: ClientOptions<unknown>['serverKeys']): ServerKey[] {
  const texts = (typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : [])
    .map((text) => String(text).trim())
    .filter((text) => text !== '');
  if (texts.length === 0)
    throw new TypeError(
      'serverKeys: the public keys of the server are missing; `piculus keys list` prints them',
    );
  if (texts.length > LIMITS.serverKeysMax)
    throw new TypeError(`serverKeys: at most ${LIMITS.serverKeysMax} keys`);
  return texts.map((text) => {
    try {
      return readServerKey(text);
    } catch (error) {
      throw new TypeError(`serverKeys: ${error instanceof Error ? error.message : 'not a key'}`);
    }
  });
}

function checkApplication(application: ClientOptions<unknown>['application']): {
  name: string;
  version: string;
} {
  for (const field of ['name', 'version'] as const) {
    const value = application?.[field];
    if (typeof value !== 'string' || value === '' || value.length > 64) {
      throw new TypeError(`application.${field}: a text of 1 to 64 characters is needed`);
    }
  }
  return { name: application.name, version: application.version };
}

function checkFixes<Tx>(pairs: readonly FixPair<Tx>[]): Pick<CheckedOptions<Tx>, 'collectors' | 'fixes'> {
  if (!Array.isArray(pairs) || pairs.length === 0)
    throw new TypeError('fixes: at least one pair of collector and fix is needed');
  if (pairs.length > LIMITS.fixCodesPerClient)
    throw new TypeError(`fixes: at most ${LIMITS.fixCodesPerClient} pairs`);
  const collectors = new Map<string, Collector>();
  const fixes = new Map<string, AnyFix<Tx>>();
  for (const [index, pair] of pairs.entries()) {
    const where = `fixes[${index}]`;
    const { collector, fix } = pair ?? {};
    if (typeof fix?.examine !== 'function') throw new TypeError(`${where}.fix: missing`);
    if (typeof collector?.collect !== 'function')
      throw new TypeError(`${where}.collector: the fix ${fix.fixCode} has no collector`);
    if (collector.together !== undefined && typeof collector.together.collect !== 'function')
      throw new TypeError(`${where}.collector.together: a walk with a collect of its own is needed`);
    if (!fixCodeSchema.safeParse(fix.fixCode).success) {
      throw new TypeError(
        `${where}.fix.fixCode: "${fix.fixCode}" is not a service name with its first letter in lower case`,
      );
    }
    if (collector.fixCode !== fix.fixCode) {
      throw new TypeError(
        `${where}.collector.fixCode: "${collector.fixCode}" is not that of its fix, "${fix.fixCode}"`,
      );
    }
    if (fixes.has(fix.fixCode)) throw new TypeError(`${where}.fix.fixCode: "${fix.fixCode}" is there twice`);
    checkPersonalFields(fix.personal ?? [], `${where}.fix.personal`);
    checkPersonalFields(collector.personal ?? [], `${where}.collector.personal`);
    collectors.set(collector.fixCode, collector);
    fixes.set(fix.fixCode, fix);
  }
  return { collectors, fixes };
}

function checkReconnect(reconnect: ReconnectOptions): ReconnectOptions {
  const maxMs = 3_600_000;
  return {
    baseMs: wholeNumber('reconnect.baseMs', reconnect.baseMs, maxMs),
    maxMs: wholeNumber('reconnect.maxMs', reconnect.maxMs, maxMs),
    refusedMs: wholeNumber('reconnect.refusedMs', reconnect.refusedMs, maxMs),
  };
}

function wholeNumber(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new TypeError(`${name}: a whole number from 1 to ${max} is needed`);
  return value;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}
