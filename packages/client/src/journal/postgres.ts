/**
 * The journal on PostgreSQL (15 or newer, or an embedded one that speaks its protocol). Effects are written on
 * the caller's open transaction; the rest is single statements on the pool, each a transaction of its own.
 */
import { readFile } from 'node:fs/promises';
import { effectSchema, type FixResult, fixResultSchema, PiculusError } from '@piculus/protocol';
import type { Journal, JournalEntry } from './journal.ts';

/** What is needed of a `pg.Pool`, or of a `pg.PoolClient` with an open transaction. */
export interface Queryable {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;
}

export interface PostgresJournalOptions {
  /** The production database, where the effects are committed. */
  readonly pool: Queryable;
  /** Schema of the journal's tables; default `piculus_client`. */
  readonly schema?: string;
}

export interface PostgresJournal extends Journal<Queryable> {
  /** Creates what is missing; several processes may do so at once. */
  migrate(): Promise<void>;
}

const DEFAULT_SCHEMA = 'piculus_client';
/** One number for all journals of a database, so that two processes do not create the schema at once. */
const MIGRATION_LOCK = 7_249_611_803;

const effectsSchema = effectSchema.array();
const answerSchema = fixResultSchema.nullable();

/** @throws TypeError when the schema is not a plain lower-case name. */
export function postgresJournal(options: PostgresJournalOptions): PostgresJournal {
  const schema = options.schema ?? DEFAULT_SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new TypeError(`schema: "${schema}" is not a plain lower-case name of at most 63 characters`);
  }
  const sql = statements(schema);
  const { pool } = options;
  return {
    async migrate() {
      const script = await readFile(new URL('../../sql/0001_journal.sql', import.meta.url), 'utf8');
      const tables = script.replace(new RegExp(`\\b${DEFAULT_SCHEMA}\\b`, 'g'), schema);
      // Statements sent together without parameters are one transaction, so the lock lasts to their end.
      await pool.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK});\n${tables}`);
    },
    async open(commandKey, payloadHash) {
      const opened = await pool.query(sql.open, [commandKey, payloadHash]);
      if (opened.rows.length > 0) return { commandKey, payloadHash, effects: [], answer: null };
      const { rows } = await pool.query(sql.read, [commandKey]);
      return asEntry(commandKey, rows[0]);
    },
    async record(tx, commandKey, effect) {
      const { key, kind, amountMinor, currency } = effect;
      const values = [commandKey, key, kind, amountMinor, currency];
      const inserted = await tx.query(sql.record, values);
      if (inserted.rowCount === 1) return;
      const { rows } = await tx.query(sql.sameEffect, values);
      if (rows.length === 0) {
        throw new PiculusError('payload-changed', `the journal has another effect under the key ${key}`);
      }
    },
    async effects(commandKey) {
      const { rows } = await pool.query(sql.effects, [commandKey]);
      return effectsSchema.parse(rows.map((row) => field(row, 'effect')));
    },
    async answer(commandKey, answer: FixResult) {
      await pool.query(sql.answer, [commandKey, JSON.stringify(answer)]);
    },
  };
}

function asEntry(commandKey: string, row: unknown): JournalEntry {
  const payloadHash = field(row, 'payload_hash');
  if (typeof payloadHash !== 'string') throw new TypeError('the journal has an entry without a payload hash');
  return {
    commandKey,
    payloadHash,
    effects: effectsSchema.parse(field(row, 'effects')),
    answer: answerSchema.parse(field(row, 'answer')),
  };
}

function field(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined;
}

function statements(schema: string) {
  const effect = `jsonb_build_object('key', effect_key, 'kind', kind, 'amountMinor', amount_minor::text, 'currency', currency)`;
  const ofCommand = `FROM ${schema}.effects WHERE command_key = $1`;
  return {
    open: `INSERT INTO ${schema}.commands (command_key, payload_hash) VALUES ($1, $2)
           ON CONFLICT (command_key) DO NOTHING RETURNING command_key`,
    read: `SELECT payload_hash, answer,
             (SELECT coalesce(jsonb_agg(${effect} ORDER BY committed_at, effect_key), '[]'::jsonb) ${ofCommand}) AS effects
           FROM ${schema}.commands WHERE command_key = $1`,
    record: `INSERT INTO ${schema}.effects (command_key, effect_key, kind, amount_minor, currency)
             VALUES ($1, $2, $3, $4::numeric, $5) ON CONFLICT (command_key, effect_key) DO NOTHING`,
    sameEffect: `SELECT 1 ${ofCommand} AND effect_key = $2 AND kind = $3 AND amount_minor = $4::numeric AND currency = $5`,
    effects: `SELECT ${effect} AS effect ${ofCommand} ORDER BY committed_at, effect_key`,
    // The first answer stands: a repeat must get back what was said, not what would be said now. It does not wait for
    // the disk: the effects that it tells of did, and a repeat that finds them without it comes to the same end.
    answer: `WITH without_waiting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
             UPDATE ${schema}.commands SET answer = $2::text::jsonb, answered_at = now() FROM without_waiting
             WHERE command_key = $1 AND answer IS NULL`,
  };
}
