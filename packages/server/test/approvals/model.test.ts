/**
 * Random interleavings of what people, clients and time do: nothing is ever handed out that takes two people unless
 * somebody else has agreed to exactly that, under this policy, not too long ago. PICULUS_MODEL_RUNS=10000 tries ten
 * thousand; by default there are as many as a suite has time for.
 */
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { choosePolicy } from '../../../../test/support/approval-policy.ts';
import { PiculusError } from '@piculus/protocol';
import type { Approval } from '@piculus/protocol/http';
import type { Caller } from '../../src/base/access.ts';
import { readScopes } from '../../src/identity/grants.ts';
import { answers } from '../executions/world.ts';
import { type ApprovalWorld, openApprovals } from './world.ts';

const RUNS = Number(process.env['PICULUS_MODEL_RUNS'] ?? 400);
/** Each run is about a problem of its own, on a few worlds at once so that they do not wait for each other. */
const WORLDS = 4;
const STEPS_MAX = 8;

type Step =
  | {
      readonly kind:
        | 'edit'
        | 'ask'
        | 'click'
        | 'dispatch'
        | 'policy'
        | 'role'
        | 'expiry'
        | 'withdraw'
        | 'version';
    }
  | { readonly kind: 'approve'; readonly by: 'requester' | 'approver' | 'token' | 'old' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'ask' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('approve' as const),
      by: fc.constantFrom('requester', 'approver', 'approver', 'approver', 'token', 'old'),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'dispatch' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('edit', 'click', 'policy', 'role', 'expiry', 'withdraw', 'version'),
    }),
  },
);

/** What is known of one problem by what was done, without looking into the database. */
interface Model {
  facts: number;
  policy: number;
  version: number;
  hours: number;
  annMay: boolean;
  asked: { approval: Approval; seen: string } | null;
  /** What an agreement that stands was given for; null where none stands. */
  granted: string | null;
  grantedAt: number;
}
const seenBy = ({ facts, policy, version }: Model): string => `${facts} ${policy} ${version}`;

interface Lane {
  readonly world: ApprovalWorld;
  readonly solutionId: string;
  problems: number;
}
const lanes: Lane[] = [];
let dispatched = 0;
let granted = 0;

beforeAll(async () => {
  for (let index = 0; index < WORLDS; index += 1) {
    const world = await openApprovals();
    lanes.push({ world, solutionId: await world.solution({ executionMode: 'manual' }), problems: 0 });
  }
});
afterAll(() => Promise.all(lanes.map(({ world }) => world.close())));

async function refusedOr<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PiculusError) return null;
    throw error;
  }
}

const setRole = async (world: ApprovalWorld, may: boolean): Promise<void> => {
  await (may
    ? sql`INSERT INTO piculus.grants (user_id, role, sys_code, granted_by)
        VALUES ('id-of-requester', 'administrator', NULL, 'test') ON CONFLICT DO NOTHING`
    : sql`DELETE FROM piculus.grants WHERE user_id = 'id-of-requester'`
  ).execute(world.database.db);
};

async function play(lane: Lane, steps: readonly Step[]): Promise<void> {
  const { world, solutionId } = lane;
  const { requester, approver } = world;
  lane.problems += 1;
  const businessKey = `model-${lane.problems}`;
  const id = await world.problem(businessKey, '600000');
  const model: Model = {
    facts: 0,
    policy: 0,
    version: 0,
    hours: 0,
    annMay: true,
    asked: null,
    granted: null,
    grantedAt: 0,
  };
  const asAnn = async (): Promise<Caller> => ({
    ...requester,
    scope: await readScopes(world.database.db, 'id-of-requester'),
  });
  for (const one of [...steps, { kind: 'dispatch' } as const]) {
    switch (one.kind) {
      case 'edit':
        model.facts += 1;
        await world.problem(businessKey, String(600_000 + model.facts));
        break;
      case 'policy':
        model.policy += 1;
        await choosePolicy(world.database.db, { mode: 'careful' });
        break;
      case 'version':
        model.version += 1;
        await sql`
          WITH made AS (
            INSERT INTO piculus.solution_versions SELECT solution_id, version + 1, max_retries, retry_cron, time_zone,
              execution_mode, status, level, description, changed_at, changed_by
            FROM piculus.solution_versions WHERE solution_id = ${solutionId} ORDER BY version DESC LIMIT 1
            RETURNING version)
          UPDATE piculus.solutions SET version = made.version FROM made WHERE id = ${solutionId}`.execute(
          world.database.db,
        );
        break;
      case 'role':
        model.annMay = !model.annMay;
        await setRole(world, model.annMay);
        break;
      case 'expiry':
        model.hours += 13;
        world.clock.pass(13 * 3_600_000);
        break;
      case 'ask': {
        const made = await refusedOr(world.ask({ kind: 'run', problemId: id }, await asAnn()));
        if (made !== null) {
          expect(model.annMay).toBe(true);
          model.asked = { approval: made, seen: `${seenBy(model)} ${model.hours}` };
        }
        break;
      }
      case 'withdraw':
        if (model.asked !== null)
          await refusedOr(world.approvals.withdraw(model.asked.approval.id, 'no', requester));
        break;
      case 'click':
        // One person alone never gets this far.
        expect(
          await refusedOr(world.problems.run([id], requester, 'because').then(({ accepted }) => accepted)),
        ).toBeOneOf(model.granted === null ? [null] : [null, 0, 1]);
        break;
      case 'approve': {
        if (model.asked === null) break;
        const callers: Record<typeof one.by, Caller> = {
          requester,
          approver,
          token: { ...approver, via: 'token' },
          old: { ...approver, authenticatedAt: new Date(0) },
        };
        const answer = await refusedOr(world.agree(model.asked.approval, callers[one.by]));
        if (answer?.state !== 'approved') break;
        expect(one.by).toBe('approver');
        expect(model.annMay).toBe(true);
        const [facts, policy, version, hours] = model.asked.seen.split(' ');
        expect(`${facts} ${policy} ${version}`).toBe(seenBy(model));
        expect(model.hours - Number(hours)).toBeLessThan(24);
        granted += 1;
        model.granted = seenBy(model);
        model.grantedAt = Number(hours);
        break;
      }
      case 'dispatch': {
        const command = await world.executions.claim(world.session(), 500);
        if (command === null) break;
        expect(command.items.map(({ problemId }) => problemId)).toEqual([id]);
        expect(model.granted).toBe(seenBy(model));
        expect(model.hours - model.grantedAt).toBeLessThan(24);
        dispatched += 1;
        model.granted = null;
        model.facts += 1;
        await world.executions.record(
          world.session({ clientId: (await leaseClient(world, command.leaseId)) ?? '' }),
          answers(world, command, 'refused'),
        );
        break;
      }
    }
  }
  // Nothing of this run may meet the next one.
  if (!model.annMay) await setRole(world, true);
  const left = await sql`SELECT FROM piculus.run_requests`.execute(world.database.db);
  expect(left.rows).toHaveLength(0);
}

async function leaseClient(world: ApprovalWorld, leaseId: string): Promise<string | undefined> {
  const found = await sql<{ clientId: string }>`
    SELECT client_id AS "clientId" FROM piculus.leases WHERE id = ${leaseId}`.execute(world.database.db);
  return found.rows[0]?.clientId;
}

it('is never handed out without another person who agreed to exactly that', async () => {
  const seed = Date.now() % 1_000_000;
  await Promise.all(
    lanes.map((lane, index) =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: STEPS_MAX }), (steps) =>
          play(lane, steps),
        ),
        { numRuns: RUNS / WORLDS, seed: seed + index, endOnFailure: true },
      ),
    ),
  );
  // The interleavings reach what they are about.
  expect(granted).toBeGreaterThan(RUNS / 50);
  expect(dispatched).toBeGreaterThan(RUNS / 100);
}, 3_600_000);
