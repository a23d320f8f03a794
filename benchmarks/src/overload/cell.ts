/**
 * Clients that find ten times the problems of an ordinary time, for two minutes: what the server takes in then, how long
 * the console waits, what memory it takes, how fast all is as before, and whether all that was acknowledged is there.
 */
import type { ApiClient } from '@piculus/protocol/http';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, CellContext, CellResult, Comparison } from '../cell.ts';
import { megabytes } from '../support/memory.ts';
import { type MemoryReading, ObservedProcess } from '../support/process.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { Observations, type Phase, type PhaseFigures } from './observations.ts';

/** An ordinary time offers this part of what the server can take. */
const NOMINAL_PART = 5;
const OVERLOAD_TIMES = 10;
/** What the server takes in under overload, of the most that it took before. */
const KEPT_TARGET = 0.8;
const RECOVERED_WITHIN_SECONDS = 10;
/** A person who opens a list waits for at most this long in 99 of 100 times, whatever clients do. */
const LIST_MS_TARGET = 1_000;
const POLL_MS = 250;
const LIST_EVERY_MS = 100;
const SETTLE_MS = 1_000;
const QUIET_SECONDS = 2;

export const overloadCell: Cell = {
  says: 'ten times the load of an ordinary time; prints what is taken in, what the console waits, and when all is as before',
  options: {
    clients: { otherwise: 8, whenQuick: 4, says: 'systems with one client each' },
    seconds: { otherwise: 120, whenQuick: 15, says: 'how long the overload lasts' },
    around: { otherwise: 30, whenQuick: 8, says: 'seconds of each stretch before and after it' },
  },
  run,
};

interface Outcome {
  readonly observations: Observations;
  readonly nominal: number;
  readonly serverMemory: MemoryReading;
  readonly clientsMemory: MemoryReading;
  readonly missing: number;
  readonly stored: number;
  readonly incomplete: readonly string[];
}

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const server = await startServer(context);
  const systems = Array.from({ length: option('clients') }, (_, n) => `LOAD-${n + 1}`);
  const clients = await startClients(context, server, systems);
  const observations = new Observations(clients);
  let nominal = 0;
  let collectionId = '';
  let clientsMemory: MemoryReading | null = null;
  const serverMemory = await server.process.observe(async () => {
    clientsMemory = await clients.observe(async () => {
      ({ id: collectionId } = await server.api.startCollection({ body: { sysCodes: systems } }));
      const list = watchLists(server.api, observations);
      const stretch = async (phase: Phase, pace: number | null, seconds: number): Promise<void> => {
        context.say(
          `${phase}: ${pace === null ? 'as fast as it goes' : `${Math.round(pace)} problems/s`}, ${seconds} s`,
        );
        observations.enter(phase);
        clients.tell({ pace: pace ?? 'free' });
        await sleep(seconds * 1_000);
      };
      await stretch('warm-up', null, Math.min(5, option('around')));
      await observations.reported();
      await stretch('maximum', null, option('around'));
      await observations.produced();
      nominal = observations.figures('maximum').perSecond / NOMINAL_PART;
      // What is still on its way is not of an ordinary time.
      await stretch('quiet', 0, QUIET_SECONDS);
      await observations.quiet();
      await stretch('before', nominal, option('around'));
      await stretch('overload', nominal * OVERLOAD_TIMES, option('seconds'));
      await stretch('after', nominal, option('around'));
      observations.enter('end');
      list.stop();
      clients.tell({ pace: 'stop' });
      await ended(server.api, collectionId);
    }, SETTLE_MS);
  }, 0);
  if (clientsMemory === null) throw new Error('nothing was done');
  const produced = await observations.produced();
  const { stored, missing } = await storedIn(server.databaseUrl, produced);
  const { commands } = await server.api.getCollection({ params: { id: collectionId } });
  const incomplete = commands
    .filter(({ state }) => state !== 'complete')
    .map(
      ({ sysCode, state, reason }) => `the collect of ${sysCode} is ${state}: ${reason ?? 'no reason given'}`,
    );
  return report({ observations, nominal, serverMemory, clientsMemory, stored, missing, incomplete });
}

/** Connected clients of these systems that wait for a collect and for their pace. */
export async function startClients(
  context: CellContext,
  server: RunningServer,
  systems: readonly string[],
): Promise<ObservedProcess> {
  const keys: string[] = [];
  let trusted: readonly string[] = [];
  for (const sysCode of systems) {
    const made = await server.api.createSystem({ body: { sysCode, name: sysCode, collectCron: null } });
    keys.push(`${sysCode}=${made.key}`);
    trusted = made.serverKeys;
  }
  const { process } = await ObservedProcess.start(
    {
      name: 'clients',
      script: 'benchmarks/dist/overload/clients-main.js',
      env: {
        BENCH_SYSTEMS: keys.join(','),
        PICULUS_URL: server.url,
        PICULUS_SERVER_KEYS: trusted.join(','),
      },
    },
    context,
  );
  for (;;) {
    const { items } = await server.api.listClients();
    if (items.filter((client) => client.connected).length === systems.length) return process;
    await sleep(POLL_MS);
  }
}

/** Opens the first page of the problems over and over, as a person would. */
function watchLists(api: ApiClient, observations: Observations): { stop(): void } {
  let stopped = false;
  void (async () => {
    while (!stopped) {
      const startedAt = performance.now();
      const answered = await api.listProblems({ query: { limit: 50 } }).then(
        () => true,
        () => false,
      );
      observations.listed(performance.now() - startedAt, answered);
      await sleep(LIST_EVERY_MS);
    }
  })();
  return {
    stop: () => {
      stopped = true;
    },
  };
}

export async function ended(api: ApiClient, id: string): Promise<void> {
  for (;;) {
    const { state } = await api.getCollection({ params: { id } });
    if (state !== 'waiting' && state !== 'running') return;
    await sleep(POLL_MS);
  }
}

/** Problems are numbered from 1 for each system, so that those which are not there can be counted. */
async function storedIn(
  url: string,
  produced: Readonly<Record<string, number>>,
): Promise<{ readonly stored: number; readonly missing: number }> {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  try {
    let stored = 0;
    let missing = 0;
    for (const [sysCode, count] of Object.entries(produced)) {
      const { rows } = await db.query<{ stored: number; missing: number }>(
        `select count(p.id)::int as stored, count(*) filter (where p.id is null)::int as missing
         from generate_series(1, $2::int) as n
         left join piculus.problems p on p.sys_code = $1 and p.business_key = $1 || '-' || n`,
        [sysCode, count],
      );
      stored += rows[0]?.stored ?? 0;
      missing += rows[0]?.missing ?? 0;
    }
    return { stored, missing };
  } finally {
    await db.end();
  }
}

function report(outcome: Outcome): CellResult {
  const { observations, nominal, serverMemory, clientsMemory, stored, missing, incomplete } = outcome;
  const phases = ['maximum', 'before', 'overload', 'after'] as const;
  const of = Object.fromEntries(phases.map((phase) => [phase, observations.figures(phase)]));
  const figures = (phase: Phase): PhaseFigures => of[phase] ?? observations.figures(phase);
  const kept = figures('overload').perSecond / figures('maximum').perSecond;
  const recovered = observations.recoveredAfterSeconds('before', 'after');
  const ms = (value: number): string => value.toFixed(0);
  return {
    comparisons: [
      line('taken in under overload', 'the maximum before', 'problems/s', {
        value: figures('overload').perSecond,
        peerValue: figures('maximum').perSecond,
        target: KEPT_TARGET,
        better: 'higher',
        ok: kept >= KEPT_TARGET,
      }),
      line('as before again', 'twice the wait of before', 's', {
        value: recovered ?? Number.POSITIVE_INFINITY,
        peerValue: null,
        target: RECOVERED_WITHIN_SECONDS,
        better: 'lower',
        ok: recovered !== null && recovered <= RECOVERED_WITHIN_SECONDS,
      }),
      line('a list under overload, p99', 'a person', 'ms', {
        value: figures('overload').listP99Ms,
        peerValue: null,
        target: LIST_MS_TARGET,
        better: 'lower',
        ok: figures('overload').listP99Ms <= LIST_MS_TARGET,
      }),
    ],
    figures: {
      nominal,
      kept,
      recoveredAfterSeconds: recovered,
      phases: of,
      stored,
      missing,
      server: inMegabytes(serverMemory),
      clients: inMegabytes(clientsMemory),
    },
    lines: [
      ['an ordinary time, problems/s', `${nominal.toFixed(0)} (a ${NOMINAL_PART}th of the maximum)`],
      ...phases.flatMap((phase): (readonly [string, string])[] => {
        const one = figures(phase);
        return [
          [
            `${phase}: problems/s, ack p50 and p99, ms`,
            `${one.perSecond.toFixed(0)}, ${ms(one.ackP50Ms)} and ${ms(one.ackP99Ms)}`,
          ],
          [
            `${phase}: list p50 and p99, ms`,
            `${ms(one.listP50Ms)} and ${ms(one.listP99Ms)} (${one.lists} asked, ${one.listsFailed} failed)`,
          ],
        ];
      }),
      ['overload: kept of the maximum', `${(kept * 100).toFixed(0)} %`],
      ['overload: collectors held up', `${(figures('overload').heldUpPart * 100).toFixed(0)} % of the time`],
      ['as before again after, s', recovered === null ? 'not seen' : recovered.toFixed(1)],
      ['problems acknowledged, missing', `${stored + missing}, ${missing}`],
      ['server RSS, MB', words(serverMemory)],
      ['clients RSS, MB', words(clientsMemory)],
    ],
    wrong: [...incomplete, ...(missing === 0 ? [] : [`${missing} problems are missing`])],
  };
}

function line(
  variant: string,
  peer: string,
  unit: string,
  rest: Pick<Comparison, 'value' | 'peerValue' | 'target' | 'better' | 'ok'>,
): Comparison {
  const { value, peerValue } = rest;
  return {
    variant,
    peer,
    unit,
    ...rest,
    ratio: value === null || peerValue === null ? null : value / peerValue,
  };
}

const words = ({ before, peak, after, heldBefore, heldAfter }: MemoryReading): string =>
  `${megabytes(before.rss)} before, ${megabytes(peak.rss)} peak, ${megabytes(after.rss)} after; heap without garbage ${megabytes(heldBefore)} and ${megabytes(heldAfter)}`;

function inMegabytes({ before, peak, after, heldBefore, heldAfter }: MemoryReading) {
  return {
    rss: { before: megabytes(before.rss), peak: megabytes(peak.rss), after: megabytes(after.rss) },
    held: { before: megabytes(heldBefore), after: megabytes(heldAfter) },
  };
}
