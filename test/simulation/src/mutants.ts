/**
 * The mechanisms that keep money safe, each switched off on purpose. Where one alone is covered by others, they are
 * switched off together: a second lock is not proof that the first one works.
 */
import type { Patch } from './loader/patches.ts';
import type { ServerKind } from './profile.ts';
import type { WorldName } from './worlds.ts';

export interface Mutant {
  readonly name: string;
  /** What is switched off, in words. */
  readonly what: string;
  readonly patches: readonly Patch[];
  /** What is taken from the tables of the server's database. */
  readonly ddl: readonly string[];
  /** The world that is built to break it; drawn by the seed where it is not said. */
  readonly world?: WorldName;
  /** Which server it needs; the stand-in where it is not said. */
  readonly server?: ServerKind;
  /** `caught`, or the mechanism that is there as well. */
  readonly expect: 'caught' | { readonly coveredBy: string };
}

/** Mechanisms that cover each other: together they are caught in a seed in which any one of them is enough. */
export interface Combination {
  readonly names: readonly [string, string, ...string[]];
  readonly world?: WorldName;
  readonly server?: ServerKind;
}

const one = (
  name: string,
  what: string,
  file: string,
  find: string,
  replace: string,
  more: Partial<Pick<Mutant, 'expect' | 'world'>> = {},
): Mutant => ({ name, what, patches: [{ file, find, replace }], ddl: [], expect: 'caught', ...more });

const covered = (coveredBy: string): Pick<Mutant, 'expect'> => ({ expect: { coveredBy } });

const EVIDENCE = 'packages/repairs/dist/shared/evidence.js';
const FINALITY = 'packages/repairs/dist/shared/finality.js';
const APPLY = 'packages/repairs/dist/shared/apply.js';
const FIX = 'packages/repairs/dist/shared/fix.js';
const PLAN = 'packages/repairs/dist/shared/plan.js';
const EXECUTION = 'packages/client/dist/runner/execution.js';
const CONNECTION = 'packages/client/dist/connection/connection.js';
const EXECUTOR = 'packages/client/dist/executing/executor.js';
const SYSTEM = 'test/simulation/dist/system/payment-system.js';
const BOOKING = 'test/simulation/dist/system/booking.js';
const STAND_IN = 'test/simulation/dist/stand-in-server.js';
const DECISIONS = 'packages/repairs/dist/shared/decisions.js';
const CALLS = 'test/simulation/dist/bank/calls.js';

export const MUTANTS: readonly Mutant[] = [
  one(
    'journal',
    'effects are not noted in the journal',
    EXECUTION,
    'record: (tx, effect) => deps.journal.record(tx, command.commandKey, effect),',
    'record: async () => undefined,',
  ),
  one(
    'effect-key',
    'the system books without its unique key',
    BOOKING,
    'if (taken) {',
    'if (taken && false) {',
  ),
  one(
    'close-before-giving-back',
    'a number is not closed before the money goes back',
    FINALITY,
    "is too young for the bank to close it`));\n    }\n    return { may: 'act', first: [step(evidence.facts, decision, { does: 'close' })] };",
    "is too young for the bank to close it`));\n    }\n    return { may: 'act', first: [] };",
  ),
  one(
    'close-answer',
    'whatever the bank answers to a close, the number counts as closed',
    APPLY,
    "if (said.code === 'CLOSED')",
    "if (said.code !== 'UNCLEAR')",
  ),
  one(
    'not-found-is-not-unpaid',
    'NOT_FOUND counts as finally unpaid',
    EVIDENCE,
    ": facts('non-final', 'query');\n        case 'PROCESSING':",
    ": facts('unpaid-final', 'query');\n        case 'PROCESSING':",
  ),
  one(
    'positive-control',
    'NOT_FOUND is believed without a control',
    EVIDENCE,
    'control?.ok === true',
    'true',
    { world: 'blind bank' },
  ),
  one(
    'evidence-age',
    'evidence of any age is acted upon',
    APPLY,
    'evidence.facts.bank.observedAt.getTime() > EVIDENCE_LIFE_MS;',
    'evidence.facts.bank.observedAt.getTime() > EVIDENCE_LIFE_MS && false;',
    { world: 'stale answers' },
  ),
  one(
    'evidence-age-in-transaction',
    'evidence may grow old between looking at it and its transaction',
    APPLY,
    'if (isTooOld(work))\n        throw new RollBack(CONTINUE);',
    '',
    { world: 'stale answers' },
  ),
  one(
    'answer-time',
    'an answer of the bank counts from when it is read, not from when it was asked for',
    CALLS,
    'const observedAt = askedAt;',
    'const observedAt = new Date(EPOCH_MS + Math.floor(this.#scheduler.nowMs));',
    { world: 'old statement' },
  ),
  one(
    'examined-again',
    'a fix is called done without being examined again',
    EXECUTION,
    "if (applied.result === 'stop')",
    "if (applied.result === 'continue') return this.#ending('already-right', plan.scenario, 'applied');\n                if (applied.result === 'stop')",
  ),
  one(
    'fence',
    'the order is not fenced',
    FIX,
    'const held = await system.orders.fence(orderNo, commandKey);',
    "const held = 'held';",
  ),
  one(
    'guarded-update',
    'the status is changed whatever it is by now',
    SYSTEM,
    'if (order.status !== seen.status || order.version !== seen.version)',
    'if (false)',
    { world: 'overlap' },
  ),
  one(
    'decision',
    'a second, different decision is taken',
    SYSTEM,
    "return standing.decision === decision ? 'same' : { other: standing.decision };",
    "return 'same';",
    { world: 'two decisions' },
  ),
  one(
    'decision-planned',
    'a plan does not look at the decision that stands',
    DECISIONS,
    "return { refused: end('refused', problem.scenario, otherDecision(standing, wanted)) };",
    'return { decision: wanted };',
    covered('the decision in the transaction'),
  ),
  one(
    'stop-queued',
    'what is queued is not stopped when the order is given up',
    APPLY,
    "if (entry.state !== 'queued')",
    "if (entry.state !== 'queued' || true)",
    { world: 'no close' },
  ),
  one(
    'executes-again',
    'a failure counts as final at a bank that executes a number again',
    FINALITY,
    "return failed && capabilities.sameNumberOnFailure === 'executes-again';",
    'return false;',
  ),
  one(
    'statement',
    'the statement is not heard against the bank',
    EVIDENCE,
    "return statement?.fact === 'paid' && facts.bank.fact === 'unpaid-final';",
    'return false;',
    { world: 'denials' },
  ),
  one(
    'proof',
    'a proof is not heard against the bank',
    PLAN,
    'if (contradictsProof(evidence)) {',
    'if (false) {',
    { world: 'denials', ...covered('the decision, in the plan and in the transaction') },
  ),
  one(
    'resend',
    'a message is not sent again after its connection was lost',
    CONNECTION,
    'if (error instanceof ConnectionLost)\n                    continue;',
    'if (error instanceof ConnectionLost)\n                    return;',
    covered('leases that run out'),
  ),
  one(
    'lease-expiry',
    'a lease never runs out',
    STAND_IN,
    'if (lease.closed || lease.expiresAtMs >= now)',
    'if (lease.closed || lease.expiresAtMs >= now || true)',
  ),
  one(
    'lapsed-lease',
    'a command is begun although its lease has run out',
    EXECUTOR,
    'findIndex((work) => work.lease.validUntil >= now)',
    'findIndex(() => true)',
    { world: 'cut off' },
  ),
];

const dropped = (
  name: string,
  what: string,
  ddl: string,
  more: Partial<Pick<Mutant, 'expect' | 'world'>>,
): Mutant => ({ name, what, patches: [], ddl: [ddl], expect: 'caught', ...more });

/** Mechanisms of the server, which need its nodes. */
const SERVER_MUTANTS: readonly Mutant[] = [
  one(
    'ack-after-commit',
    'the server acknowledges before it commits',
    'packages/server/dist/gateway/session.js',
    'const correlation = await handle(this.#parts, this, body);',
    "if (answer === 'ack') this.outbox.post('ack', { re: message.id });\n        const correlation = await handle(this.#parts, this, body);",
  ),
  one(
    'closed-lease',
    'an answer counts although its lease was closed',
    'packages/server/dist/executions/record.js',
    'if (open.size > 0 && (lease.closedAt !== null || lease.epoch !== epoch))',
    'if (false)',
    covered('the statement that answers, the trigger on leases, and the unique key of executions'),
  ),
  one(
    'lease-statement',
    'the statement that answers does not look whether the lease is still held',
    'packages/server/dist/store/leases.js',
    'l.id = ${id} AND l.closed_at IS NULL AND l.epoch = ${epoch} AND',
    'l.id = ${id} AND ${epoch}::integer IS NOT NULL AND',
    covered('the look at the lease under its lock, and the trigger'),
  ),
  dropped(
    'lease-trigger',
    'the table lets closed leases be changed',
    'DROP TRIGGER leases_guard ON piculus.leases',
    covered('the look at the lease under its lock, and the statement that answers'),
  ),
  dropped(
    'unique-execution',
    'the table takes two executions of one problem under one lease',
    'ALTER TABLE piculus.executions DROP CONSTRAINT executions_problem_id_lease_id_key',
    covered('the look at the lease under its lock'),
  ),
  one(
    'leased-once',
    'what is under a lease is leased again',
    'packages/server/dist/store/claims.js',
    'AND p.ready_at <= ${solution.tickAt}::timestamptz AND ${notLeased(sysCode)}',
    'AND p.ready_at <= ${solution.tickAt}::timestamptz',
  ),
  one(
    'tick-guard',
    'a tick is opened by whoever comes, however often',
    'packages/server/dist/store/ticks.js',
    ' AND s.tick_at = ${tick.from}::timestamptz',
    '',
    { world: 'sleepers' },
  ),
  dropped(
    'run-gate',
    'the table takes every click, whoever has to agree',
    'DROP TRIGGER run_requests_gate ON piculus.run_requests',
    { world: 'rules' },
  ),
  one(
    'ticks-ask',
    'a tick takes what the policy leaves to people',
    'packages/server/dist/store/claims.js',
    ' AND NOT ${ASKS_PERSON}',
    '',
    { world: 'rules' },
  ),
  one(
    'limit-counted',
    'what ticks hand out is not counted',
    'packages/server/dist/executions/claim.js',
    'await countUnattended(tx, { sysCode, fixCode, at, items });',
    '',
    { world: 'rules' },
  ),
  one(
    'switch-ticks',
    'ticks do not look at the stop switch',
    'packages/server/dist/store/ticks.js',
    ' AND NOT paused.ticks_paused',
    '',
    { world: 'rules' },
  ),
  one(
    'switch-clicks',
    'clicks do not look at the stop switch',
    'packages/server/dist/store/ticks.js',
    'NOT paused.clicks_paused AND EXISTS',
    'EXISTS',
    { world: 'rules' },
  ),
].map((mutant) => ({ ...mutant, server: 'nodes' as const }));

export const COMBINATIONS: readonly Combination[] = [
  { names: ['proof', 'decision-planned', 'decision'], world: 'denials' },
  { names: ['resend', 'lease-expiry'], world: 'lost answers' },
  {
    names: ['closed-lease', 'lease-statement', 'lease-trigger', 'unique-execution'],
    world: 'late answers',
    server: 'nodes',
  },
];

export const ALL_MUTANTS: readonly Mutant[] = [...MUTANTS, ...SERVER_MUTANTS];

export function mutantOf(name: string): Mutant {
  const found = ALL_MUTANTS.find((mutant) => mutant.name === name);
  if (!found) throw new Error(`no mutant "${name}"; there are ${ALL_MUTANTS.map((m) => m.name).join(', ')}`);
  return found;
}
