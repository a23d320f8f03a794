/** SQL of pbap.postings. Rows are added, never changed or deleted. */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';

export type PostingKind =
  | 'opening'
  | 'credit'
  | 'debit'
  | 'hold'
  | 'settle'
  | 'release'
  | 'reversal'
  | 'manual';

export interface NewPosting {
  readonly effectKey: string;
  readonly kind: PostingKind;
  readonly debitAccount: string;
  readonly creditAccount: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly orderNo: string | null;
  readonly refersTo: string | null;
  readonly bookedAt: Date;
}

export interface PostingRow {
  readonly posting_id: string;
  readonly effect_key: string;
  readonly kind: PostingKind;
  readonly debit_account: string;
  readonly credit_account: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly order_no: string | null;
  readonly refers_to: string | null;
}

const COLUMNS = `posting_id, effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
  refers_to`;

/** @returns false where the effect key is there already; then nothing was added. */
export async function insertPosting(tx: pg.PoolClient, posting: NewPosting): Promise<boolean> {
  const result = await tx.query(
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
       refers_to, booked_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (effect_key) do nothing`,
    [
      posting.effectKey,
      posting.kind,
      posting.debitAccount,
      posting.creditAccount,
      posting.amountMinor.toString(),
      posting.currency,
      posting.orderNo,
      posting.refersTo,
      posting.bookedAt,
    ],
  );
  return result.rowCount === 1;
}

export async function readPostingByKey(db: Executor, effectKey: string): Promise<PostingRow | null> {
  const result = await db.query<PostingRow>(`select ${COLUMNS} from pbap.postings where effect_key = $1`, [
    effectKey,
  ]);
  return result.rows[0] ?? null;
}

/** What people booked under this order's number; `reversed` where a reversal answers it. */
export async function readManualPostings(
  db: Executor,
  orderNo: string,
): Promise<ReadonlyArray<PostingRow & { readonly reversed: boolean }>> {
  const result = await db.query<PostingRow & { reversed: boolean }>(
    `select ${COLUMNS}, exists (select 1 from pbap.postings r where r.refers_to = p.posting_id) as reversed
     from pbap.postings p where order_no = $1 and kind = 'manual'`,
    [orderNo],
  );
  return result.rows;
}

export async function readPosting(db: Executor, postingId: string): Promise<PostingRow | null> {
  const result = await db.query<PostingRow>(`select ${COLUMNS} from pbap.postings where posting_id = $1`, [
    postingId,
  ]);
  return result.rows[0] ?? null;
}
