/**
 * Broken messages among good ones: clients whose every hundredth message is broken beside clients that send none, on
 * one server, in rounds that take turns. Shows what the good ones lose, that each broken one is listed, and the memory.
 */
import { natsTransport } from '@piculus/client/nats';
import { type Transport, webSocketTransport } from '@piculus/client';
import type { ApiClient } from '@piculus/protocol/http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, CellContext, CellResult, Comparison } from '../cell.ts';
import { forgetPeak, megabytes, readPeak } from '../support/memory.ts';
import { type RunningNats, startNats } from '../support/nats.ts';
import { processorSeconds } from '../support/processor.ts';
import type { MemoryReading } from '../support/process.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { Sender } from './sender.ts';

const WAYS = ['websocket', 'nats'] as const;
type Way = (typeof WAYS)[number];
const VARIANTS = ['clean', 'poisoned'] as const;
type Variant = (typeof VARIANTS)[number];

/** What the good messages must keep of their throughput. */
const TARGET = 0.95;
const LISTED_WITHIN_MS = 60_000;
const POLL_MS = 250;
const PAGE_ROWS = 500;
const SETTLE_MS = 1_000;

export const poisonCell: Cell = {
  says: 'broken messages among good ones; prints what the good ones keep of their throughput, and the memory',
  options: {
    messages: {
      otherwise: 100_000,
      whenQuick: 2_000,
      says: 'good messages of each variant, over each transport',
    },
    broken: { otherwise: 10, says: 'broken messages per thousand good ones' },
    rounds: { otherwise: 10, whenQuick: 3, says: 'rounds of each variant' },
    clients: { otherwise: 4, says: 'connections that send at the same time' },
    transports: { otherwise: 3, says: '1: WebSocket, 2: NATS, 3: both' },
  },
  run,
};

interface Size {
  readonly messages: number;
  readonly broken: number;
  readonly rounds: number;
  readonly clients: number;
}

interface Round {
  readonly perSecond: number;
  /** Of the server, for a thousand good messages. */
  readonly processorMs: number | null;
  readonly peakBytes: number | null;
}

interface WayOutcome {
  readonly way: Way;
  readonly rounds: Readonly<Record<Variant, readonly Round[]>>;
  readonly memory: MemoryReading;
  readonly sent: Readonly<Record<string, number>>;
  readonly answered: Readonly<Record<string, number>>;
  readonly listed: Readonly<Record<string, number>>;
  readonly connectionsLost: number;
  readonly problemsAcknowledged: number;
  readonly problemsStored: number;
}

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => context.options.get(name) ?? 0;
  const size = {
    messages: option('messages'),
    broken: option('broken'),
    rounds: Math.max(1, option('rounds')),
    clients: Math.max(1, option('clients')),
  };
  const ways = WAYS.filter((_, index) => (option('transports') & (index + 1)) !== 0);
  const systems = ways.flatMap((way) => VARIANTS.flatMap((variant) => codesOf(way, variant, size.clients)));
  const nats = ways.includes('nats') ? await startNats(context, systems) : null;
  const server = await startServer(context, nats?.env);
  const outcomes: WayOutcome[] = [];
  for (const way of ways) outcomes.push(await runWay(context, { way, size, server, nats }));
  return report(size, outcomes);
}

const codesOf = (way: Way, variant: Variant, clients: number): string[] =>
  Array.from({ length: clients }, (_, n) => `${way}-${variant}-${n + 1}`.toUpperCase());

interface Stage {
  readonly way: Way;
  readonly size: Size;
  readonly server: RunningServer;
  readonly nats: RunningNats | null;
}

async function runWay(context: CellContext, stage: Stage): Promise<WayOutcome> {
  const { way, size, server } = stage;
  const senders = {
    clean: await makeSenders(stage, 'clean'),
    poisoned: await makeSenders(stage, 'poisoned'),
  };
  const rounds: Record<Variant, Round[]> = { clean: [], poisoned: [] };
  const all = [...senders.clean, ...senders.poisoned];
  context.atEnd(async () => {
    for (const sender of all) sender.stop();
  });
  context.say(`${way}: warming up`);
  for (const variant of VARIANTS)
    await oneRound(server, senders[variant], { ...size, messages: 200, broken: 0 });
  for (const sender of all) sender.acknowledged = 0;
  const memory = await server.process.observe(async () => {
    for (let n = 0; n < size.rounds; n += 1) {
      // Whoever comes second finds larger tables, so that each comes first as often.
      const order = n % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
      const messages = Math.ceil(size.messages / size.rounds);
      for (const variant of order) {
        const broken = variant === 'clean' ? 0 : size.broken;
        const round = await oneRound(server, senders[variant], { ...size, messages, broken });
        rounds[variant].push(round);
        context.say(`${way}, round ${n + 1}, ${variant}: ${Math.round(round.perSecond)} messages/s`);
      }
    }
  }, SETTLE_MS);
  const sent = sum(senders.poisoned.map((sender) => sender.brokenSent));
  const listed = await listedOf(server.api, senders.poisoned, total(sent));
  for (const sender of all) sender.stop();
  const { items } = await server.api.listCollections({ query: { limit: PAGE_ROWS } });
  const problemsStored = items
    .flatMap(({ commands }) => commands)
    .filter(({ sysCode }) => all.some((sender) => sender.sysCode === sysCode))
    .reduce((count, { problemsReported }) => count + problemsReported, 0);
  return {
    way,
    rounds,
    memory,
    sent,
    answered: sum(senders.poisoned.map((sender) => sender.refusals)),
    listed,
    connectionsLost: all.reduce((count, sender) => count + sender.connectionsLost, 0),
    problemsAcknowledged: all.reduce((count, sender) => count + sender.problems, 0),
    problemsStored,
  };
}

async function makeSenders({ way, size, server, nats }: Stage, variant: Variant): Promise<Sender[]> {
  const senders: Sender[] = [];
  for (const sysCode of codesOf(way, variant, size.clients)) {
    const { key } = await server.api.createSystem({ body: { sysCode, name: sysCode, collectCron: null } });
    const transport = await transportOf({ way, server, nats, sysCode, key });
    const sender = new Sender(sysCode, transport);
    await sender.start();
    senders.push(sender);
  }
  return senders;
}

async function transportOf(of: {
  readonly way: Way;
  readonly server: RunningServer;
  readonly nats: RunningNats | null;
  readonly sysCode: string;
  readonly key: string;
}): Promise<Transport> {
  const { way, server, nats, sysCode, key: systemKey } = of;
  if (way === 'websocket' || nats === null) return webSocketTransport({ url: server.url, systemKey });
  return natsTransport({ servers: nats.url, systemKey, login: { nkey: await nats.nkeyOf(sysCode) } });
}

async function oneRound(server: RunningServer, senders: readonly Sender[], size: Size): Promise<Round> {
  const { api, process } = server;
  await api.startCollection({ body: { sysCodes: senders.map(({ sysCode }) => sysCode) } });
  await Promise.all(senders.map((sender) => sender.commanded()));
  const each = Math.ceil(size.messages / senders.length);
  await forgetPeak(process.pid);
  const before = await processorSeconds(process.pid);
  const startedAt = performance.now();
  await Promise.all(senders.map((sender) => sender.round(each, placesOf(each, size.broken))));
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await processorSeconds(process.pid);
  const peakBytes = await readPeak(process.pid);
  await Promise.all(senders.map((sender) => sender.done()));
  const messages = each * senders.length;
  return {
    perSecond: messages / seconds,
    processorMs: before === null || after === null ? null : ((after - before) / messages) * 1e6,
    peakBytes,
  };
}

/** Where broken messages stand among so many good ones: anywhere. */
function placesOf(good: number, perThousand: number): ReadonlySet<number> {
  const places = new Set<number>();
  // A part of one is one now and then, so that short rounds have their share in the end.
  const wanted = Math.min(good, Math.floor((good * perThousand) / 1_000 + Math.random()));
  while (places.size < wanted) places.add(Math.floor(Math.random() * good));
  return places;
}

/** The refused messages that the console shows for these clients, by code; waits until so many are there. */
async function listedOf(
  api: ApiClient,
  senders: readonly Sender[],
  wanted: number,
): Promise<Readonly<Record<string, number>>> {
  for (const until = performance.now() + LISTED_WITHIN_MS; ; await sleep(POLL_MS)) {
    const counts = new Map<string, number>();
    for (const { sysCode } of senders) {
      let after: string | null = null;
      do {
        const cursor: { after?: string } = after === null ? {} : { after };
        const page = await api.listMessages({
          query: { sysCode, direction: 'in', state: ['refused'], limit: PAGE_ROWS, ...cursor },
        });
        for (const { errorCode } of page.items)
          counts.set(errorCode ?? 'none', (counts.get(errorCode ?? 'none') ?? 0) + 1);
        after = page.next;
      } while (after !== null);
    }
    const listed = sum([counts]);
    if (total(listed) >= wanted || performance.now() > until) return listed;
  }
}

function sum(maps: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [code, count] of maps.flatMap((map) => [...map])) counts[code] = (counts[code] ?? 0) + count;
  return counts;
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0);

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

function report(size: Size, outcomes: readonly WayOutcome[]): CellResult {
  const summaries = outcomes.map(summaryOf);
  return {
    comparisons: summaries.map(({ comparison }) => comparison),
    figures: { ...size, ...Object.fromEntries(summaries.map(({ way, figures }) => [way, figures])) },
    lines: summaries.flatMap(({ lines }) => lines),
    wrong: outcomes.flatMap(wrongIn),
  };
}

function summaryOf(outcome: WayOutcome) {
  const { way, rounds, memory, sent, listed } = outcome;
  const speeds = (variant: Variant): number[] => rounds[variant].map(({ perSecond }) => perSecond);
  const value = median(speeds('poisoned'));
  const peerValue = median(speeds('clean'));
  // Of neighbours, so that what changes slowly on the machine changes both.
  const ratios = speeds('poisoned').map((speed, n) => speed / (speeds('clean')[n] ?? speed));
  const ratio = median(ratios);
  const processor = (variant: Variant): number =>
    median(present(rounds[variant].map((one) => one.processorMs)));
  const peak = (variant: Variant): number =>
    megabytes(Math.max(...present(rounds[variant].map((one) => one.peakBytes)), 0));
  const comparison: Comparison = {
    variant: way,
    peer: 'the same without broken messages',
    unit: 'good messages/s',
    value,
    peerValue,
    ratio,
    target: TARGET,
    better: 'higher',
    ok: ratio >= TARGET,
  };
  const figures = {
    ratio,
    ratios,
    perSecond: { clean: speeds('clean'), poisoned: speeds('poisoned') },
    processorMsPerThousand: { clean: processor('clean'), poisoned: processor('poisoned') },
    serverPeakMb: { clean: peak('clean'), poisoned: peak('poisoned') },
    serverMb: { before: megabytes(memory.before.rss), after: megabytes(memory.after.rss) },
    serverHeapMb: { before: megabytes(memory.heldBefore), after: megabytes(memory.heldAfter) },
    sent,
    listed,
    connectionsLost: outcome.connectionsLost,
    problemsAcknowledged: outcome.problemsAcknowledged,
  };
  const lines: (readonly [string, string])[] = [
    [`${way}: good messages/s`, `${Math.round(peerValue)} clean, ${Math.round(value)} poisoned`],
    [
      `${way}: kept`,
      `${(ratio * 100).toFixed(1)} % (rounds ${ratios.map((one) => (one * 100).toFixed(0)).join(', ')})`,
    ],
    [
      `${way}: server's processor, ms per 1,000`,
      `${processor('clean').toFixed(0)} clean, ${processor('poisoned').toFixed(0)} poisoned`,
    ],
    [`${way}: broken sent, listed`, `${total(sent)}, ${total(listed)}`],
    [`${way}: connections lost`, String(outcome.connectionsLost)],
    [
      `${way}: server RSS, MB`,
      `${megabytes(memory.before.rss)} before, peak ${peak('clean')} clean, ${peak('poisoned')} poisoned`,
    ],
    [
      `${way}: server heap without garbage, MB`,
      `${megabytes(memory.heldBefore)} before, ${megabytes(memory.heldAfter)} after`,
    ],
  ];
  return { way, comparison, figures, lines };
}

function wrongIn(outcome: WayOutcome): string[] {
  const { way, sent, listed, answered, problemsAcknowledged, problemsStored } = outcome;
  const codes = [...new Set([...Object.keys(sent), ...Object.keys(listed)])];
  return [
    ...codes
      .filter((code) => sent[code] !== listed[code])
      .map((code) => `${way}: ${sent[code] ?? 0} ${code} were sent, ${listed[code] ?? 0} are listed`),
    ...codes
      .filter((code) => sent[code] !== answered[code])
      .map((code) => `${way}: ${sent[code] ?? 0} ${code} were sent, ${answered[code] ?? 0} were answered`),
    ...(problemsStored === problemsAcknowledged
      ? []
      : [`${way}: ${problemsAcknowledged} problems were acknowledged, ${problemsStored} are counted`]),
  ];
}
