/**
 * Clients of the SDK, one for each system, whose collectors find problems at a pace that the benchmark sets. Tells the
 * benchmark every second what was acknowledged and how long each report waited for it.
 */
import {
  createClient,
  type FoundProblem,
  type Link,
  type Transport,
  webSocketTransport,
} from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { FIX_CODE, problemOf } from '../poison/messages.ts';

const BATCH = 100;
const TELL_MS = 1_000;
/** A collector that could not report in time does not make up for more than this. */
const BEHIND_MS = 1_000;

interface System {
  readonly sysCode: string;
  readonly key: string;
}

/** Problems a second over all clients; null: as many as are taken. */
let rate: number | null = 0;
let stopping = false;
let changed = (): void => {};
let change = new Promise<void>((resolve) => {
  changed = resolve;
});

const systems = readSystems(process.env.BENCH_SYSTEMS ?? '');
const produced = new Map<string, number>();
let waits: { sentAt: number; ms: number; problems: number }[] = [];
let heldUpMs = 0;
/** Reports that wait for their acknowledgement, over all clients. */
let unacknowledged = 0;

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('pace' in message)) return;
  stopping = message.pace === 'stop';
  rate = typeof message.pace === 'number' ? message.pace : null;
  changed();
  change = new Promise<void>((resolve) => {
    changed = resolve;
  });
});

for (const { sysCode, key } of systems) {
  const client = createClient({
    systemKey: key,
    serverKeys: process.env.PICULUS_SERVER_KEYS ?? '',
    application: { name: sysCode, version: '1.0.0' },
    journal: memoryJournal(),
    transport: watched(webSocketTransport({ url: process.env.PICULUS_URL ?? '', systemKey: key })),
    fixes: [
      { collector: { fixCode: FIX_CODE, collect: (context) => collect(sysCode, context) }, fix: noFix() },
    ],
  });
  client.start();
}
setInterval(() => {
  process.send?.({ waits, heldUpMs, unacknowledged, produced: Object.fromEntries(produced) });
  waits = [];
}, TELL_MS);
// The parent went away.
process.on('disconnect', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);

async function collect(
  sysCode: string,
  {
    report,
    scanned,
    signal,
  }: {
    report(problems: readonly FoundProblem[]): Promise<void>;
    scanned(rows: number): void;
    readonly signal: AbortSignal;
  },
) {
  let number = produced.get(sysCode) ?? 0;
  let dueAt = performance.now();
  while (!stopping) {
    signal.throwIfAborted();
    const perClient = rate === null ? null : rate / systems.length;
    const now = performance.now();
    if (perClient === 0 || (perClient !== null && dueAt > now)) {
      const pauseMs = perClient === 0 ? TELL_MS : dueAt - now;
      await Promise.race([sleep(pauseMs, undefined, { ref: false }), change]);
      continue;
    }
    if (perClient !== null) dueAt = Math.max(dueAt, now - BEHIND_MS) + (BATCH / perClient) * 1_000;
    const problems = Array.from({ length: BATCH }, () => {
      number += 1;
      const { fixCode: _, ...found } = problemOf(`${sysCode}-${number}`);
      return found;
    });
    produced.set(sysCode, number);
    // As one that reads a database would: everybody else in this process has a turn.
    await nextTurn();
    await report(problems);
    heldUpMs += performance.now() - now;
    scanned(BATCH);
  }
  return {
    feeds: [{ side: 'bank' as const, reachesTo: new Date().toISOString(), complete: true }],
    complete: true,
  };
}

/** Notes how long each report waits for its acknowledgement. */
function watched(transport: Transport): Transport {
  return {
    async connect(handlers, signal) {
      const open = new Map<string, { sentAt: number; problems: number }>();
      const link: Link = await transport.connect(
        {
          ...handlers,
          closed: (reason) => {
            // The SDK says them again on its next connection.
            unacknowledged -= open.size;
            open.clear();
            handlers.closed(reason);
          },
          message: (frame) => {
            const re = /"type":"ack","body":\{"re":"([^"]+)"/.exec(frame.slice(0, 300))?.[1];
            const sent = re === undefined ? undefined : open.get(re);
            if (re !== undefined && sent !== undefined) {
              open.delete(re);
              unacknowledged -= 1;
              waits.push({ ...sent, ms: Date.now() - sent.sentAt });
            }
            handlers.message(frame);
          },
        },
        signal,
      );
      return {
        close: (reason) => link.close(reason),
        send: (frame) => {
          const id = /"id":"([^"]+)".*"type":"problems"/.exec(frame.slice(0, 200))?.[1];
          if (id !== undefined) unacknowledged += 1;
          if (id !== undefined)
            open.set(id, { sentAt: Date.now(), problems: frame.split('"businessKey":').length - 1 });
          link.send(frame);
        },
      };
    },
  };
}

/** No solution is configured, so that it never runs. */
function noFix() {
  const never = (): never => {
    throw new Error('nothing is fixed here');
  };
  return { fixCode: FIX_CODE, examine: never, facts: never, plan: never, apply: never };
}

function readSystems(text: string): System[] {
  return text.split(',').map((pair) => {
    const [sysCode = '', key = ''] = pair.split('=');
    return { sysCode, key };
  });
}
