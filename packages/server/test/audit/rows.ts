/** Rows of the three tables that the chain covers, with contents that are different each time, and blocks over them. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { makeBlock } from '../../src/audit/blocks.ts';
import { keyOf } from '../../src/audit/key.ts';
import { type Checkpoint, type Heads, insertCheckpoint, readHighestIds } from '../../src/store/chain.ts';
import type { Tx } from '../../src/store/database.ts';

export const AT = new Date('2026-11-22T09:05:07.123Z');

/** A small generator of its own, so that a failing case can be run again by its seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}
export type Random = ReturnType<typeof randomFrom>;

const TEXTS = ['', 'a', '空', "it's", 'line\nbreak', '{"a":1}', '\u202Eright', 'x'.repeat(300), '0', 'null'];

type Tuple = (random: Random) => RawBuilder<unknown>;

async function insertMany(tx: Tx, head: RawBuilder<unknown>, tuple: Tuple, random: Random, count: number) {
  if (count === 0) return;
  const tuples = Array.from({ length: count }, () => tuple(random));
  await sql`INSERT INTO ${head} VALUES ${sql.join(tuples)}`.execute(tx);
}

export function insertActs(tx: Tx, random: Random, count: number): Promise<void> {
  const head = sql`piculus.audit (at, actor, act, sys_code, problem_id, target, reason, detail, via, before)`;
  const tuple: Tuple = () => {
    const text = TEXTS[random(TEXTS.length)] ?? '';
    return sql`(${AT}::timestamptz + ${random(1_000_000)}::int * interval '1 microsecond', ${`person-${random(9)}`},
      ${`act-${random(5)}`}, ${random(2) === 0 ? null : 'PBAP'}, ${random(3) === 0 ? null : random(1_000)}::bigint,
      ${text}, ${random(2) === 0 ? null : text}::text,
      jsonb_build_object('n', ${random(1_000)}::int, 't', ${text}::text, 'big', 1.50::numeric),
      'session', ${random(2) === 0 ? null : '{"b":[1,2,{"c":null}]}'}::text::jsonb)`;
  };
  return insertMany(tx, head, tuple, random, count);
}

let sequence = 0;

export function insertReports(tx: Tx, random: Random, count: number): Promise<void> {
  const head = sql`piculus.reports (command_id, epoch, sequence, client_id, received_at, inserted, seen_again,
      reopened, changes)`;
  const tuple: Tuple = () => {
    sequence += 1;
    const changes = random(2) === 0 ? '[]' : '[{"problemId":"7","from":"fixed","to":"pending"}]';
    return sql`(${random(100) + 1}::bigint, 1, ${sequence}::int, ${`client-${random(3)}`}, ${AT}::timestamptz,
      ${random(9)}::int, ${random(9)}::int, 0, ${changes}::text::jsonb)`;
  };
  return insertMany(tx, head, tuple, random, count);
}

export function insertExecutions(tx: Tx, random: Random, count: number): Promise<void> {
  const head = sql`piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger,
      solution_version, lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects,
      moved_minor, replayed, verified, facts, dispatched_at, started_at, finished_at)`;
  const tuple: Tuple = () => {
    sequence += 1;
    return sql`(${random(1_000) + 1}::bigint, 'PBAP', 'fixService', ${`order-${random(1_000)}`}, 1, 'tick', 1,
      ${`lease-${sequence}`}, 'client-1', ${`key-${sequence}`}, 'fixed', 'pending', 'fixed',
      ${TEXTS[random(TEXTS.length)]}, '[]'::jsonb, ${random(1_000_000)}::numeric, false, true,
      ${random(2) === 0 ? null : '{"order":{"state":"PAID"}}'}::text::jsonb,
      ${AT}::timestamptz, ${random(2) === 0 ? null : AT}::timestamptz, ${AT}::timestamptz)`;
  };
  return insertMany(tx, head, tuple, random, count);
}

/** Empties the three tables and the chain, and writes rows and blocks in random portions. */
export async function writeChain(tx: Tx, random: Random, blocks: number): Promise<void> {
  await sql`DELETE FROM piculus.audit_checkpoints`.execute(tx);
  await sql`DELETE FROM piculus.audit_block_rows`.execute(tx);
  await sql`DELETE FROM piculus.audit_blocks`.execute(tx);
  for (const table of ['audit', 'reports', 'executions'])
    await sql`DELETE FROM ${sql.table(`piculus.${table}`)}`.execute(tx);
  for (let block = 0; block < blocks; block += 1) {
    await insertActs(tx, random, 1 + random(4));
    // A transaction that failed leaves a gap.
    await sql`SELECT nextval(pg_get_serial_sequence('piculus.audit', 'id'))`.execute(tx);
    await insertActs(tx, random, 1 + random(3));
    await insertReports(tx, random, random(3));
    await insertExecutions(tx, random, random(4));
    await makeBlock(tx, { upTo: await readHighestIds(tx), at: AT, rowsMax: 1_000 });
  }
}

/** Blocks over everything again, as somebody would who can write the database and has this program. */
export async function rewriteChain(tx: Tx): Promise<void> {
  await sql`DELETE FROM piculus.audit_block_rows`.execute(tx);
  await sql`DELETE FROM piculus.audit_blocks`.execute(tx);
  const upTo: Heads = await readHighestIds(tx);
  while ((await makeBlock(tx, { upTo, at: AT, rowsMax: 7 })) !== null);
}

export const newKey = () =>
  keyOf(
    createPrivateKey(
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
  );

/** Signs the last block, and keeps the checkpoint in the database where asked. */
export async function checkpoint(
  tx: Tx,
  key: ReturnType<typeof newKey>,
  head: { number: string; hash: Buffer },
  stored: boolean,
): Promise<Checkpoint> {
  const made = key.sign({ block: head.number, hash: head.hash, signedAt: AT });
  if (stored) await insertCheckpoint(tx, made);
  return made;
}
