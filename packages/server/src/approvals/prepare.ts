/**
 * What a command is about, as things are now: the systems concerned, why it needs a second person, the evidence that
 * an approval is given for, what to show, and how it is carried out. Asked once when a second person is asked for and
 * again when one agrees; what differs then makes the request void.
 */
import { ERROR_CODES, PiculusError } from '@piculus/protocol';
import type { ApprovalCommand, ApprovalPreview } from '@piculus/protocol/http';
import type { Caller } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import { checkedLimits, setLimitsIn } from '../limits/index.ts';
import { reopenProblemIn } from '../problems/acts.ts';
import {
  type Click,
  lockMatching,
  runBulkIn,
  runMatchingIn,
  runProblemsIn,
  sortOut,
} from '../problems/runs.ts';
import { matchingRunnable, runEvidence, runNeeds, runSample } from '../store/approval-evidence.ts';
import type { Tx } from '../store/database.ts';
import { listedByIds } from '../store/problem-lists.ts';
import { requireThere } from '../base/access.ts';
import { asksSecond, type Approved } from './gate.ts';
import { changeNeedsTwo, checkedPolicy, isAlone, setPolicyIn } from './policy.ts';
import { raises } from './rules.ts';
import { prepareSolution, type SolutionCommand } from './prepare-solution.ts';
import { because, type Why } from './words.ts';

export interface Carried {
  readonly announce: () => void;
  readonly bulkRunId: string | null;
}

export interface Prepared {
  /** Empty where the whole installation is concerned. */
  readonly sysCodes: readonly string[];
  readonly needs: readonly Why[];
  /** Plain JSON. */
  readonly evidence: unknown;
  readonly preview: Omit<ApprovalPreview, 'plan'>;
  /** The problems that would be run. */
  readonly problemIds: readonly string[];
  readonly carryOut: (approved: Approved) => Promise<Carried>;
}

export interface Asked {
  readonly command: ApprovalCommand;
  /** Who asks; the act is theirs. */
  readonly caller: Caller;
  readonly reason: string;
}

export const NOTHING: Omit<ApprovalPreview, 'plan'> = {
  problems: 0,
  amounts: [],
  sample: [],
  changes: [],
  impact: null,
};

/**
 * Locks what the command is about.
 * @throws PiculusError as the act itself, where the caller may not do it or it cannot be done now.
 */
export async function prepare(tx: Tx, context: Context, asked: Asked): Promise<Prepared> {
  const { command } = asked;
  switch (command.kind) {
    case 'run':
      return prepareOne(tx, context, asked, command.problemId);
    case 'run-many':
      return prepareMany(tx, context, asked, command.ids);
    case 'run-matching':
      return prepareMatching(tx, context, asked, command);
    case 'reopen':
      return prepareReopen(tx, context, asked, command.problemId);
    case 'set-limits':
      return prepareLimits(tx, context, asked, command);
    case 'change-policy':
      return preparePolicy(tx, context, asked, command);
    default:
      return prepareSolution(tx, context, asked, command satisfies SolutionCommand);
  }
}

// Runs --------------------------------------------------------------------------------------------------------------

async function prepareOne(tx: Tx, context: Context, asked: Asked, id: string): Promise<Prepared> {
  const click: Click = { ids: [id], caller: asked.caller, reason: asked.reason };
  const { refused } = await sortOut(tx, click, 'click');
  const [refusal] = refused;
  if (refusal !== undefined) throw new PiculusError(refusal.code);
  return {
    ...(await runsOf(tx, context, asked, [id])),
    carryOut: async (approved) => {
      const { answer, announce } = await runProblemsIn(tx, context, click, approved);
      const [late] = answer.refused;
      if (late !== undefined) throw new PiculusError(codeOf(late.code));
      return { announce, bulkRunId: null };
    },
  };
}

const codeOf = (code: string) => ERROR_CODES.find((one) => one === code) ?? 'wrong-state';

async function prepareMany(
  tx: Tx,
  context: Context,
  asked: Asked,
  ids: readonly string[],
): Promise<Prepared> {
  const click: Click = { ids, caller: asked.caller, reason: asked.reason };
  const { accepted, refused } = await sortOut(tx, click, 'bulk');
  if (accepted.length === 0) throw new PiculusError('wrong-state', 'none of them can be run now');
  const about = await runsOf(
    tx,
    context,
    asked,
    accepted.map(({ id }) => id),
  );
  return {
    ...about,
    evidence: { runs: about.evidence, refused: refused.map(({ id, code }) => ({ id, code })) },
    carryOut: async (approved) => {
      const { answer, announce } = await runBulkIn(tx, context, click, approved);
      return { announce, bulkRunId: answer.bulkRunId };
    },
  };
}

async function prepareMatching(
  tx: Tx,
  context: Context,
  asked: Asked,
  { filter, expectedCount }: Extract<ApprovalCommand, { kind: 'run-matching' }>,
): Promise<Prepared> {
  const { caller, reason } = asked;
  const at = context.clock.now();
  const { search, runnable } = await lockMatching(tx, { filter, expectedCount }, caller, at);
  const ids = await matchingRunnable(tx, search, runnable, at);
  if (ids.length === 0) throw new PiculusError('wrong-state', 'none of them can be run now');
  return {
    ...(await runsOf(tx, context, asked, ids)),
    carryOut: async (approved) => {
      const input = { filter, expectedCount, reason };
      const { answer, announce } = await runMatchingIn(tx, context, input, caller, approved);
      return { announce, bulkRunId: answer.bulkRunId };
    },
  };
}

async function runsOf(
  tx: Tx,
  context: Context,
  { caller }: Asked,
  ids: readonly string[],
): Promise<Omit<Prepared, 'carryOut'>> {
  const { sysCodes, problems, amounts, digest } = await runEvidence(tx, ids);
  return {
    sysCodes,
    problemIds: ids,
    needs: await runNeeds(tx, ids, caller.actor, context.clock.now()),
    evidence: { problems, amounts, digest },
    preview: { ...NOTHING, problems, amounts, sample: await runSample(tx, ids) },
  };
}

// The others --------------------------------------------------------------------------------------------------------

async function prepareReopen(tx: Tx, context: Context, asked: Asked, id: string): Promise<Prepared> {
  const { caller, reason } = asked;
  const [row] = await listedByIds(tx, [id], caller.scope('view'), context.clock.now());
  if (row === undefined) throw new PiculusError('not-found');
  requireThere(caller, 'execute', row.sysCode);
  if (row.state !== 'fixed' && row.state !== 'closed') throw new PiculusError('wrong-state');
  const { sysCodes, amounts, digest } = await runEvidence(tx, [id]);
  const needed = row.state === 'fixed' && (await asksSecond(tx, 'reopen-fixed'));
  return {
    sysCodes,
    problemIds: [],
    needs: needed ? [because('reopen-fixed')] : [],
    evidence: { problems: 1, amounts, digest },
    preview: { ...NOTHING, problems: 1, amounts, sample: await runSample(tx, [id]) },
    carryOut: async (approved) => {
      const { announce } = await reopenProblemIn(tx, context, { id, caller, reason }, approved);
      return { announce, bulkRunId: null };
    },
  };
}

async function prepareLimits(
  tx: Tx,
  context: Context,
  { caller, reason }: Asked,
  { kind: _, ...input }: Extract<ApprovalCommand, { kind: 'set-limits' }>,
): Promise<Prepared> {
  const before = await checkedLimits(tx, input, caller);
  const needed = raises(before, input.settings) && (await asksSecond(tx, 'raise-limits'));
  return {
    sysCodes: [input.sysCode],
    problemIds: [],
    needs: needed ? [because('raise-limits')] : [],
    evidence: { version: input.version, before },
    preview: { ...NOTHING, changes: changesOf(input.fixCode ?? input.sysCode, before, input.settings) },
    carryOut: async (approved) => {
      const { announce } = await setLimitsIn(tx, context, { ...input, reason }, caller, approved);
      return { announce, bulkRunId: null };
    },
  };
}

async function preparePolicy(
  tx: Tx,
  context: Context,
  { caller, reason }: Asked,
  { policy }: Extract<ApprovalCommand, { kind: 'change-policy' }>,
): Promise<Prepared> {
  const { version, mode, singlePerson, rules } = await checkedPolicy(tx, policy, caller);
  const before = { mode, singlePerson, rules };
  const alone = await isAlone(tx, caller, context.clock.now());
  const needed = changeNeedsTwo({ version, ...before }, policy, alone);
  return {
    sysCodes: [],
    problemIds: [],
    needs: needed ? [because('change-policy')] : [],
    evidence: { version, before },
    preview: {
      ...NOTHING,
      changes: [
        ...changesOf('approval-policy', { mode, singlePerson }, { ...policy, rules: undefined }),
        ...changesOf('approval-policy', rules, policy.rules),
      ],
    },
    carryOut: async (approved) => {
      const { announce } = await setPolicyIn(tx, context, { ...policy, reason }, caller, approved);
      return { announce, bulkRunId: null };
    },
  };
}

/** The fields of the first that are otherwise in the second. */
export function changesOf(
  what: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): ApprovalPreview['changes'] {
  return Object.keys(before).flatMap((field) => {
    const from = before[field] ?? null;
    const to = after[field] ?? null;
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ what, field, from, to }];
  });
}
