/**
 * Brings checkpoints out of the database's reach: into a file of JSON lines that only grows, and to a receiver. Who
 * rewrites the whole chain cannot rewrite those.
 */
import { open } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import { type Checkpoint, readCheckpoints, readLastCheckpoint } from '../store/chain.ts';
import type { Executor } from '../store/database.ts';
import { readCheckpointLines, toLine } from './checkpoint-lines.ts';

/** Sends what it has not sent yet. Never throws: what fails is told in the log and tried again. */
export interface CheckpointSink {
  send(db: Executor): Promise<void>;
}

const LINES_AT_ONCE = 500;
/** A line has at most this many bytes. */
const LINE_BYTES_MAX = 1_024;

export function fileSink(path: string, log: Logger): CheckpointSink {
  let upTo: string | null = null;
  let failing = false;

  async function append(db: Executor): Promise<void> {
    upTo ??= await lastBlockIn(path);
    for (;;) {
      const some = await readCheckpoints(db, upTo, LINES_AT_ONCE);
      if (some.length === 0) return;
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(some.map((one) => `${JSON.stringify(toLine(one))}\n`).join(''));
        await file.sync();
      } finally {
        await file.close();
      }
      upTo = some.at(-1)?.block ?? upTo;
    }
  }

  return {
    async send(db) {
      try {
        await append(db);
        if (failing) log.info({ path }, 'checkpoints are written to their file again');
        failing = false;
      } catch (error) {
        // What was written is read anew, for a write may have taken place in part.
        upTo = null;
        if (!failing) log.error({ err: error, path }, 'checkpoints cannot be written to their file');
        failing = true;
      }
    },
  };
}

/** @returns the block of the last line; `0` where there is none. @throws Error where the file ends in anything else. */
async function lastBlockIn(path: string): Promise<string> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, LINE_BYTES_MAX);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString('utf8');
    // A line that a crash cut off is ended, so that the next one stands by itself; a verification names it.
    if (length > 0 && !text.endsWith('\n')) await file.appendFile('\n');
    const line = text.trimEnd().split('\n').at(-1) ?? '';
    return line === '' ? '0' : (readCheckpointLines(line)[0]?.block ?? '0');
  } finally {
    await file.close();
  }
}

const POST_MS_MAX = 5_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 5 * 60_000;

/** Posts the newest checkpoint as JSON; while the receiver is away only the newest one waits. */
export function webhookSink(url: string, { clock, log }: { clock: Clock; log: Logger }): CheckpointSink {
  let sentBlock = '0';
  let failures = 0;
  /** By `elapsedMs`. */
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    async send(db) {
      if (clock.elapsedMs() < notBefore) return;
      const last = await readLastCheckpoint(db);
      if (last === null || BigInt(last.block) <= BigInt(sentBlock)) return;
      const error = await post(url, last, clock);
      if (error === null) {
        if (failures > 0) log.info('the receiver of checkpoints takes them again');
        sentBlock = last.block;
        failures = 0;
        return;
      }
      failures += 1;
      notBefore = clock.elapsedMs() + Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 16));
      // Its address is not told: it may hold a secret.
      if (failures === 1) log.error({ err: error }, 'the receiver of checkpoints does not take them');
    },
  };
}

/** @returns why it was not taken; null where it was. */
async function post(url: string, checkpoint: Checkpoint, clock: Clock): Promise<unknown> {
  const late = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(POST_MS_MAX, done.signal).then(() => late.abort());
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toLine(checkpoint)),
      redirect: 'error',
      signal: late.signal,
    });
    await response.body?.cancel();
    return response.ok ? null : new Error(`it answered ${response.status}`);
  } catch (error) {
    return error;
  } finally {
    done.abort();
    await timer;
  }
}
