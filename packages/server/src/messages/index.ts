/**
 * The log of all messages. Recording never waits and never throws: rows are buffered, written in batches and
 * dropped, with a count, when the database stays away so long that the buffer is full. A message whose answer
 * comes before its batch is written costs one row and no update.
 */
import {
  DIRECTIONS,
  ERROR_CODES,
  type ErrorCode,
  MESSAGE_STATES,
  type MessageState,
  PiculusError,
} from '@piculus/protocol';
import type { Message } from '@piculus/protocol/http';
import type { Context, MessageEntry, Messages } from '../base/services.ts';
import { hasProblem } from '../store/problem-lists.ts';
import {
  insertMessages,
  type MessageRow,
  type NewMessageRow,
  selectMessages,
  selectMessagesOfProblem,
  settleMessages,
} from '../store/messages.ts';
import { createFigures } from './figures.ts';
import { storablePayload, storableText } from './sanitize.ts';

export interface MessageLogOptions {
  /** Rows in memory at most; the oldest are dropped beyond. */
  readonly bufferRowsMax?: number;
  readonly batchRows?: number;
  /** How long a row waits for company before it is written. */
  readonly flushMs?: number;
}

export interface MessageLog extends Messages {
  /** Messages that were dropped because the database was away for too long. */
  readonly dropped: number;
  /** Rows that are not written yet. */
  readonly buffered: number;
  start(): void;
  /** Writes what is left, as far as the database is there, and ends. */
  stop(): Promise<void>;
}

/** A message in memory. `id` is set once it is written. */
interface Held {
  readonly entry: MessageEntry;
  state: MessageState;
  latencyMs: number | null;
  errorCode: ErrorCode | null;
  id: string | null;
  phase: 'buffered' | 'writing' | 'written';
}

const MESSAGES_OF_A_PROBLEM_MAX = 200;

export function createMessages(context: Context, options: MessageLogOptions = {}): MessageLog {
  const { bufferRowsMax = 20_000, batchRows = 500, flushMs = 250 } = options;
  let buffer: Held[] = [];
  /** Settled after they were written, or while. */
  let settled: Held[] = [];
  /** Outgoing messages that still wait for their answer. */
  const open = new Map<string, Held>();
  let dropped = 0;
  let flushing: Promise<void> | null = null;
  let running: Promise<void> | null = null;
  const stopping = new AbortController();
  const figures = createFigures(context);

  function drop(count: number): void {
    if (count <= 0) return;
    for (const held of buffer.splice(0, count)) open.delete(held.entry.messageId);
    if (dropped === 0) context.log.warn('the message log is full; the oldest messages are dropped');
    dropped += count;
  }

  function waitForAnswer(held: Held): void {
    open.set(held.entry.messageId, held);
    // Whoever sends also settles; the bound is for a sender that forgets.
    const [oldest] = open.keys();
    if (open.size > bufferRowsMax && oldest !== undefined) open.delete(oldest);
  }

  async function writeBatch(): Promise<boolean> {
    const batch = buffer.splice(0, batchRows);
    if (batch.length === 0) return false;
    for (const held of batch) held.phase = 'writing';
    try {
      const ids = await insertMessages(context.db, batch.map(toNewRow));
      for (const held of batch) {
        held.phase = 'written';
        held.id = ids.get(held.entry.messageId) ?? null;
      }
    } catch (error) {
      for (const held of batch) held.phase = 'buffered';
      // What was settled meanwhile goes out with its row after all.
      settled = settled.filter((held) => held.phase !== 'buffered');
      buffer = [...batch, ...buffer];
      drop(buffer.length - bufferRowsMax);
      throw error;
    }
    return true;
  }

  async function writeSettled(): Promise<void> {
    const ready = settled.filter((held) => held.phase === 'written').slice(0, batchRows);
    if (ready.length === 0) return;
    const rows = ready.flatMap((held) => (held.id === null ? [] : [{ id: held.id, ...toSettlement(held) }]));
    await settleMessages(context.db, rows);
    const done = new Set(ready);
    settled = settled.filter((held) => !done.has(held));
  }

  async function flushAll(): Promise<void> {
    let wrote = false;
    while (await writeBatch()) wrote = true;
    while (settled.some((held) => held.phase === 'written')) await writeSettled();
    if (wrote) context.events.publish({ topic: 'messages', sysCode: null, ids: [], more: true });
  }

  function flush(): Promise<void> {
    flushing ??= flushAll().finally(() => {
      flushing = null;
    });
    return flushing;
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (buffer.length === 0 && settled.length === 0) {
        await context.wake.wait('messages', 5_000, stopping.signal);
      }
      await context.clock.sleep(Math.min(flushMs * 2 ** failures, 10_000), stopping.signal);
      try {
        await flush();
        failures = 0;
      } catch (error) {
        failures = Math.min(failures + 1, 10);
        context.log.warn({ err: error, buffered: buffer.length }, 'the message log could not be written');
      }
    }
  }

  return {
    get dropped() {
      return dropped;
    },
    get buffered() {
      return buffer.length + settled.length;
    },
    record(entry) {
      const held: Held = {
        entry,
        state: entry.state,
        latencyMs: entry.latencyMs ?? null,
        errorCode: entry.errorCode ?? null,
        id: null,
        phase: 'buffered',
      };
      buffer.push(held);
      if (entry.direction === 'out' && entry.state === 'sent') waitForAnswer(held);
      drop(buffer.length - bufferRowsMax);
      if (buffer.length === 1 || buffer.length >= batchRows) context.wake.notify('messages');
    },
    settle(messageId, state, latencyMs, errorCode) {
      const held = open.get(messageId);
      if (held === undefined) return;
      open.delete(messageId);
      held.state = state;
      held.latencyMs = latencyMs;
      held.errorCode = errorCode ?? null;
      if (held.phase === 'buffered' || state === 'sent') return;
      settled.push(held);
      context.wake.notify('messages');
    },
    async list(query, caller) {
      const { after, ...filter } = query;
      if (after !== undefined && !/^[1-9][0-9]{0,18}$/.test(after)) throw badCursor();
      const rows = await selectMessages(context.db, {
        ...filter,
        scope: caller.scope('view'),
        beforeId: after,
        limit: query.limit + 1,
      });
      const items = rows.slice(0, query.limit).map(toMessage);
      return { items, next: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null };
    },
    async forProblem(problemId, caller) {
      const scope = caller.scope('view');
      if (!(await hasProblem(context.db, problemId, scope))) throw new PiculusError('not-found');
      const rows = await selectMessagesOfProblem(context.db, problemId, scope, MESSAGES_OF_A_PROBLEM_MAX);
      return rows.map(toMessage);
    },
    stats: (query, caller) => figures.read(query, caller.scope('view')),
    flush,
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
      await flush().catch((error: unknown) => {
        context.log.warn(
          { err: error, lost: buffer.length },
          'messages could not be written before the stop',
        );
      });
    },
  };
}

function badCursor(): PiculusError {
  const reason = { en: 'not a cursor that a page gave', zh: '不是有效的分页游标' };
  return new PiculusError('invalid-field', undefined, [{ field: 'after', reason }]);
}

function toSettlement(held: Held): {
  at: string;
  state: string;
  latency_ms: number | null;
  error_code: string | null;
} {
  return {
    at: held.entry.at.toISOString(),
    state: held.state,
    latency_ms: held.latencyMs,
    error_code: held.errorCode,
  };
}

function toNewRow(held: Held): NewMessageRow {
  const { entry } = held;
  return {
    ...toSettlement(held),
    message_id: storableText(entry.messageId, 64),
    direction: entry.direction,
    type: storableText(entry.type, 64),
    sys_code: entry.sysCode,
    client_id: entry.clientId === null ? null : storableText(entry.clientId, 64),
    collection_id: entry.collectionId ?? null,
    lease_id: entry.leaseId === undefined ? null : storableText(entry.leaseId, 64),
    size_bytes: entry.sizeBytes,
    payload: storablePayload(entry.payload),
  };
}

const one = <T extends string>(words: readonly T[], text: string): T => {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw new PiculusError('internal', `"${text}" is not a word of the message log`);
  return word;
};

function toMessage(row: MessageRow): Message {
  return {
    id: row.id,
    messageId: row.message_id,
    direction: one(DIRECTIONS, row.direction),
    type: row.type,
    sysCode: row.sys_code,
    clientId: row.client_id,
    state: one(MESSAGE_STATES, row.state),
    errorCode: row.error_code === null ? null : one(ERROR_CODES, row.error_code),
    collectionId: row.collection_id,
    leaseId: row.lease_id,
    sizeBytes: row.size_bytes,
    latencyMs: row.latency_ms,
    at: row.at.toISOString(),
    payload: row.payload,
  };
}
