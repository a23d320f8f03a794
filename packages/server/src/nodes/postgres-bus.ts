/**
 * Hints over PostgreSQL's notifications. It hears its own pings to know that hints come through; where they do not, as
 * behind a pooler, it goes on trying, and everybody polls.
 */
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { Database } from '../store/database.ts';
import { type HintConnection, listenForHints, sendHint } from '../store/hints.ts';
import type { Bus, BusTopic } from './bus.ts';

export interface PostgresBusParts {
  readonly db: Database;
  /** A connection of its own is made to it. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pingMs?: number;
}

/** What is told within this time goes out as one. */
const MERGE_MS = 25;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;
const PING = 'ping';

export function createPostgresBus(parts: PostgresBusParts): Bus {
  const { db, url, clock, log, pingMs = 5_000 } = parts;
  const origin = clock.uuid().slice(0, 8);
  const listeners = new Map<BusTopic, Set<() => void>>();
  const stopping = new AbortController();
  const untold = new Set<BusTopic>();
  let telling: Promise<void> | null = null;
  let running: Promise<void> | null = null;
  let ready = false;
  let pingHeard = false;

  async function tell(): Promise<void> {
    while (untold.size > 0 && !stopping.signal.aborted) {
      await clock.sleep(MERGE_MS, stopping.signal);
      const topics = [...untold].join(',');
      untold.clear();
      // What is lost here is found by polling.
      await sendHint(db, `${origin} ${topics}`).catch(() => {});
    }
    telling = null;
  }

  function told(text: string): void {
    const [from, topics = ''] = text.split(' ', 2);
    if (from === origin) {
      if (topics === PING) {
        pingHeard = true;
        ready = true;
      }
      return;
    }
    for (const [topic, fns] of listeners) if (topics.split(',').includes(topic)) for (const fn of fns) fn();
  }

  /** Resolves when the connection ends or hears nothing of its own pings. @returns whether it ever heard one. */
  async function attend(connection: HintConnection): Promise<boolean> {
    let heard = false;
    const broken = new AbortController();
    connection.ended.then(() => broken.abort());
    const over = AbortSignal.any([stopping.signal, broken.signal]);
    while (!over.aborted) {
      pingHeard = false;
      await sendHint(db, `${origin} ${PING}`).catch(() => {});
      await clock.sleep(pingMs, over);
      if (!pingHeard) break;
      heard = true;
    }
    return heard;
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      let connection: HintConnection | null = null;
      try {
        connection = await listenForHints(url, clock, told);
        if (await attend(connection)) failures = 0;
        else failures += 1;
      } catch (error) {
        failures += 1;
        if (failures === 1) log.info({ err: error }, 'hints from other nodes do not come; polling goes on');
      } finally {
        ready = false;
        await connection?.close();
      }
      const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10));
      await clock.sleep(waitMs * (0.5 + clock.random() / 2), stopping.signal);
    }
  }

  return {
    name: 'postgres',
    get ready() {
      return ready;
    },
    notify(topic) {
      if (stopping.signal.aborted) return;
      untold.add(topic);
      telling ??= tell();
    },
    listen(topic, fn) {
      const fns = listeners.get(topic) ?? new Set();
      listeners.set(topic, fns.add(fn));
      return () => fns.delete(fn);
    },
    async start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await Promise.all([running, telling]);
    },
  };
}
