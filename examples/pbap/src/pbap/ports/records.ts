/** The ports of PBAP's own records: outbox, decisions, proofs. */
import type { BankFact, BankFacts, DecisionsPort, OutboxPort, ProofsPort } from '@piculus/repairs';
import type pg from 'pg';
import { asDecision } from '../decision.ts';
import { intendRequest, readRequestsOf, stopRequest, storeAnswer } from '../store/outbox.ts';
import { insertDecision, insertProof, type ProofRow, readDecision, readProof } from '../store/repairs.ts';
import type { PortOptions } from './options.ts';

export function outboxPort(options: PortOptions): OutboxPort<pg.PoolClient> {
  const { pool, clock } = options;
  return {
    read: async (orderNo) => {
      const rows = await readRequestsOf(pool, orderNo);
      return rows.map((row) => ({
        requestNo: row.request_no,
        attempt: row.attempt,
        state: row.state,
        sentAt: row.sent_at,
      }));
    },
    intend: async (tx, request, attempt) => {
      const { requestNo, orderNo, amountMinor, currency, payee } = request;
      const row = {
        requestNo,
        orderNo,
        attempt,
        kind: 'payout',
        amountMinor,
        currency,
        counterparty: payee,
      } as const;
      if (await intendRequest(tx, row, clock.now())) return;
      throw new Error(`the outbox has other content under the number ${requestNo}`);
    },
    answered: (requestNo, answer) => {
      const arrived = answer.code !== 'NOT_FOUND' && answer.code !== 'UNCLEAR';
      return storeAnswer(pool, requestNo, answer.code, arrived, clock.now());
    },
    stop: (tx, requestNo) => stopRequest(tx, requestNo),
  };
}

export function decisionsPort(options: PortOptions): DecisionsPort<pg.PoolClient> {
  const { pool, clock } = options;
  return {
    read: async (orderNo) => {
      const row = await readDecision(pool, orderNo);
      return row === null ? null : { decision: asDecision(row.decision), commandKey: row.command_key };
    },
    decide: async (tx, orderNo, decision, commandKey) => {
      if (await insertDecision(tx, orderNo, decision, commandKey, clock.now())) return 'made';
      const standing = await readDecision(tx, orderNo);
      if (standing === null) throw new Error('a decision that is there cannot be read');
      return standing.decision === decision ? 'same' : { other: asDecision(standing.decision) };
    },
  };
}

const FACTS: readonly BankFact[] = [
  'paid',
  'unpaid-final',
  'never-sent',
  'returned',
  'refunded',
  'non-final',
];
const SOURCES: ReadonlyArray<BankFacts['source']> = ['statement', 'query', 'close', 'outbox'];

export function proofsPort(options: PortOptions): ProofsPort<pg.PoolClient> {
  const { pool, clock } = options;
  return {
    read: async (requestNo) => {
      const row = await readProof(pool, requestNo);
      return row === null ? null : proofOf(row);
    },
    store: async (tx, orderNo, proof) => {
      await insertProof(
        tx,
        {
          request_no: proof.requestNo,
          order_no: orderNo,
          fact: proof.fact,
          source: proof.source,
          answer: proof.answer,
          amount_minor: proof.amountMinor?.toString() ?? null,
          currency: proof.currency,
          received_at: proof.receivedAt,
          observed_at: proof.observedAt,
        },
        clock.now(),
      );
    },
  };
}

function proofOf(row: ProofRow): BankFacts {
  const fact = FACTS.find((word) => word === row.fact);
  const source = SOURCES.find((word) => word === row.source);
  if (fact === undefined || source === undefined)
    throw new RangeError(`the proof of ${row.request_no} is not readable`);
  return {
    fact,
    source,
    answer: row.answer,
    requestNo: row.request_no,
    amountMinor: row.amount_minor === null ? null : BigInt(row.amount_minor),
    currency: row.currency,
    extraMovements: 0,
    receivedAt: row.received_at,
    observedAt: row.observed_at,
  };
}
