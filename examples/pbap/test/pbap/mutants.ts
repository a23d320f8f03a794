/**
 * Guards of PBAP, each switched off in a copy of its database's traffic: by changing the text of its statements on
 * their way, or one port. The kit must tell each of them by the check that is named here. docs/repairs.md has the table.
 */
import type { PaymentSystem } from '@piculus/repairs';
import type pg from 'pg';

export interface PbapMutant {
  /** What is switched off. */
  readonly guard: string;
  /** Text of a statement, and what is sent in its place; each must be met. */
  readonly sql?: ReadonlyArray<readonly [from: string, to: string]>;
  readonly system?: (system: PaymentSystem<pg.PoolClient>) => PaymentSystem<pg.PoolClient>;
  /** The check that fails, and what it says. */
  readonly check: string;
  readonly says: RegExp;
}

export const PBAP_MUTANTS: readonly PbapMutant[] = [
  {
    guard: 'the unique effect key of a booking',
    sql: [
      ['from pbap.postings where effect_key = $1', 'from pbap.postings where effect_key = $1 and false'],
      [
        'values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
        'values ($1 || gen_random_uuid(), $2, $3, $4, $5, $6, $7, $8, $9)',
      ],
    ],
    check: 'C5: an effect is booked once',
    says: /three bookings of one effect at once were answered booked, booked, booked/,
  },
  {
    guard: "the lock of the order's row",
    sql: [['from pbap.orders where order_no = $1 for update', 'from pbap.orders where order_no = $1 --']],
    check: 'C5: a callback under way is waited for',
    says: /a callback that was answered taken changed an order under the fence/,
  },
  {
    guard: 'the books as the transaction sees them, before a step that books nothing',
    system: (system) => ({
      ...system,
      ledger: { ...system.ledger, readIn: (_tx, order) => system.ledger.read(order) },
    }),
    check: 'C5: the books are read inside a transaction',
    says: /a transaction does not see its own booking/,
  },
  {
    guard: 'the status that was seen, in the update of the status',
    sql: [
      [
        'status = $2 and version = $3 and repair_command',
        '$2::text is not null and version = $3 and repair_command',
      ],
    ],
    check: 'C8, staged: a status changes only from what was seen',
    says: /a status was changed from another status/,
  },
  {
    guard: 'the version that was seen, in that update',
    sql: [['version = $3 and repair_command', '$3::int is not null and repair_command']],
    check: 'C8, staged: a status changes only from what was seen',
    says: /a status was changed from another version/,
  },
  {
    guard: 'the mark of the repair, in that update',
    sql: [['version = $3 and repair_command = $5', 'version = $3 and $5::text is not null']],
    check: 'C8, staged: a status changes only from what was seen',
    says: /a status was changed without a fence/,
  },
  {
    guard: "the normal path's look at the mark",
    sql: [
      [
        'version,\n       repair_command, repair_since',
        'version,\n       null as repair_command, null as repair_since',
      ],
    ],
    check: 'C5: the normal path is held off',
    says: /a callback went past the fence/,
  },
  {
    guard: "the statement's freshness: it is said to be up to date, and the bank's lines are not stored",
    sql: [['on conflict (line_no) do nothing', 'where false on conflict (line_no) do nothing']],
    check: 'C5: the statement shows what moved',
    says: /shows no line where the bank moved 1/,
  },
  {
    guard: "an order's freshness: a change of its status leaves the time of the last change as it was",
    sql: [['updated_at = $6', 'updated_at = least(updated_at, $6)']],
    check: 'C8, staged: a status changes only from what was seen',
    says: /the scan says that the status was changed before it was/,
  },
  {
    guard:
      'close before give-back: a number that the bank does not know counts as closed without asking it to close',
    system: closesByWord,
    check: 'C7 lost, staged: a late original request moves nothing twice',
    says: /noted as closed, and paid/,
  },
];

function closesByWord(system: PaymentSystem<pg.PoolClient>): PaymentSystem<pg.PoolClient> {
  const { bank } = system;
  return {
    ...system,
    bank: {
      ...bank,
      close: async (requestNo, order, signal) => {
        const answer = await bank.query(requestNo, signal);
        return answer.code === 'NOT_FOUND'
          ? { ...answer, code: 'CLOSED' }
          : bank.close(requestNo, order, signal);
      },
    },
  };
}
