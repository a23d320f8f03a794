/** SQL of pbap.repair_decisions and pbap.bank_proofs. */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';

export interface DecisionRow {
  readonly decision: string;
  readonly command_key: string;
}

export async function readDecision(db: Executor, orderNo: string): Promise<DecisionRow | null> {
  const result = await db.query<DecisionRow>(
    'select decision, command_key from pbap.repair_decisions where order_no = $1',
    [orderNo],
  );
  return result.rows[0] ?? null;
}

/** @returns whether this call made it; false where one stands already. */
export async function insertDecision(
  tx: pg.PoolClient,
  orderNo: string,
  decision: string,
  commandKey: string,
  now: Date,
): Promise<boolean> {
  const result = await tx.query(
    `insert into pbap.repair_decisions (order_no, decision, command_key, decided_at) values ($1, $2, $3, $4)
     on conflict (order_no) do nothing`,
    [orderNo, decision, commandKey, now],
  );
  return result.rowCount === 1;
}

export interface ProofRow {
  readonly request_no: string;
  readonly fact: string;
  readonly source: string;
  readonly answer: string;
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly received_at: Date | null;
  readonly observed_at: Date;
}

export async function readProof(db: Executor, requestNo: string): Promise<ProofRow | null> {
  const result = await db.query<ProofRow>(
    `select request_no, fact, source, answer, amount_minor, currency, received_at, observed_at
     from pbap.bank_proofs where request_no = $1`,
    [requestNo],
  );
  return result.rows[0] ?? null;
}

/** Stores a proof once; the first one stays. */
export async function insertProof(
  tx: pg.PoolClient,
  proof: Omit<ProofRow, 'amount_minor'> & { readonly order_no: string; readonly amount_minor: string | null },
  now: Date,
): Promise<void> {
  await tx.query(
    `insert into pbap.bank_proofs (request_no, order_no, fact, source, answer, amount_minor, currency, received_at,
       observed_at, stored_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (request_no) do nothing`,
    [
      proof.request_no,
      proof.order_no,
      proof.fact,
      proof.source,
      proof.answer,
      proof.amount_minor,
      proof.currency,
      proof.received_at,
      proof.observed_at,
      now,
    ],
  );
}
