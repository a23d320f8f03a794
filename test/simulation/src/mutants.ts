/**
 * The mechanisms that keep money safe, each switched off on purpose. Where one alone is covered by another, both are
 * switched off together: a second lock is not proof that the first one works.
 */
import type { Patch } from './loader/patches.ts';
import type { ServerKind } from './profile.ts';

export interface Mutant {
  readonly name: string;
  /** What is switched off, in words. */
  readonly what: string;
  readonly patches: readonly Patch[];
  /** Which server it needs; the stand-in where it is not said. */
  readonly server?: ServerKind;
  /** `caught`, or the mechanism that is there as well. */
  readonly expect: 'caught' | { readonly coveredBy: string };
}

const one = (
  name: string,
  what: string,
  file: string,
  find: string,
  replace: string,
  expect: Mutant['expect'] = 'caught',
): Mutant => ({ name, what, patches: [{ file, find, replace }], expect });

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
  ),
  one(
    'evidence-age',
    'evidence of any age is acted upon',
    APPLY,
    'evidence.facts.bank.observedAt.getTime() > EVIDENCE_LIFE_MS;',
    'evidence.facts.bank.observedAt.getTime() > EVIDENCE_LIFE_MS && false;',
    { coveredBy: 'versions, leases and commands that give up; no seed has needed it yet' },
  ),
  one(
    'evidence-age-in-transaction',
    'evidence may grow old between looking at it and its transaction',
    APPLY,
    'if (isTooOld(work))\n        throw new RollBack(CONTINUE);',
    '',
    { coveredBy: 'versions, leases and commands that give up; no seed has needed it yet' },
  ),
  one(
    'answer-time',
    'an answer of the bank counts from when it is read, not from when it was asked for',
    CALLS,
    'const observedAt = askedAt;',
    'const observedAt = new Date(EPOCH_MS + Math.floor(this.#scheduler.nowMs));',
    { coveredBy: 'versions, leases and commands that give up; no seed has needed it yet' },
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
  ),
  one(
    'decision',
    'a second, different decision is taken',
    SYSTEM,
    "return standing.decision === decision ? 'same' : { other: standing.decision };",
    "return 'same';",
    { coveredBy: 'the guarded update and the close before giving back' },
  ),
  one(
    'stop-queued',
    'what is queued is not stopped when the order is given up',
    APPLY,
    "if (entry.state !== 'queued')",
    "if (entry.state !== 'queued' || true)",
    { coveredBy: 'the close: the bank refuses what the sender still sends' },
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
    { coveredBy: 'a bank that does not contradict its own statement here' },
  ),
  one(
    'proof',
    'a proof is not heard against the bank',
    PLAN,
    'if (contradictsProof(evidence)) {',
    'if (false) {',
    { coveredBy: 'a bank that keeps to what it has made final here' },
  ),
  one(
    'resend',
    'a message is not sent again after its connection was lost',
    CONNECTION,
    'if (error instanceof ConnectionLost)\n                    continue;',
    'if (error instanceof ConnectionLost)\n                    return;',
    { coveredBy: 'leases that run out, and collects that report again' },
  ),
  one(
    'lapsed-lease',
    'a command is begun although its lease has run out',
    EXECUTOR,
    'findIndex((work) => work.lease.validUntil >= now)',
    'findIndex(() => true)',
    { coveredBy: 'versions and decisions' },
  ),
];

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
    { coveredBy: 'the guarded statement and the trigger on leases' },
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
    { coveredBy: 'the time from which a problem is ready: it is later than the tick that ran it' },
  ),
].map((mutant) => ({ ...mutant, server: 'nodes' as const }));

export const ALL_MUTANTS: readonly Mutant[] = [...MUTANTS, ...SERVER_MUTANTS];

export function mutantOf(name: string): Mutant {
  const found = ALL_MUTANTS.find((mutant) => mutant.name === name);
  if (!found) throw new Error(`no mutant "${name}"; there are ${ALL_MUTANTS.map((m) => m.name).join(', ')}`);
  return found;
}
