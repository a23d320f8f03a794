import type { PlanStep, ReportedOutcome } from '@piculus/protocol';
import { describe, expect, test } from 'vitest';
import type { Applied, Fix, FixContext, Plan } from '../../src/index.ts';
import { createRunner } from '../../src/runner/runner.ts';
import { silentLogger } from '../../src/logger.ts';
import { GiveUp } from '../../src/runner/give-up.ts';
import { manualClock, memoryJournal, previewFix, runFix, testCommand } from '../../src/testing/index.ts';
import { factsOf } from '../support/accounts.ts';
import { gate } from '../support/gate.ts';

const COMMAND = { fixCode: 'someFix', businessKey: 'R20261122000001', scenario: 'C1' } as const;
const STEP: PlanStep = {
  kind: 'credit',
  key: 'credit:R1',
  amountMinor: '100',
  currency: 'CNY',
  text: { en: 'credit', zh: '入账' },
};
const ACT: Plan = { verdict: 'act', scenario: 'C1', steps: [STEP], reason: 'not credited' };
const RIGHT: Plan = { verdict: 'already-right', scenario: null, reason: 'all agree' };
const CONTINUE: Applied = { result: 'continue' };

interface Script {
  plans: Plan[];
  apply?(context: FixContext<unknown>): Promise<Applied>;
  fields?: Record<string, string>;
}

/** A fix that follows a script of plans, one per round; the last one stays. */
function scripted({ plans, apply, fields = {} }: Script): Fix {
  let round = 0;
  return {
    fixCode: 'someFix',
    personal: ['payee'],
    examine: async () => plans[Math.min(round++, plans.length - 1)],
    facts: () => factsOf('SUCCESS', 'none', fields),
    plan: (_command, evidence) => plans.find((plan) => plan === evidence) ?? expect.unreachable(),
    apply: async (step, _evidence, context) => {
      if (apply) return apply(context);
      await context.record(
        {},
        { key: step.key, kind: step.kind, amountMinor: step.amountMinor, currency: step.currency },
      );
      return CONTINUE;
    },
  };
}

describe('how an execution ends', () => {
  test('fixed: an effect was committed and all was read again and is right', async () => {
    const result = await runFix(scripted({ plans: [ACT, RIGHT] }), COMMAND);
    expect(result).toMatchObject({
      outcome: 'fixed',
      verified: true,
      replayed: false,
      effects: [{ key: 'credit:R1' }],
    });
  });

  test('already-right: nothing of ours was committed', async () => {
    const result = await runFix(scripted({ plans: [RIGHT] }), COMMAND);
    expect(result).toMatchObject({ outcome: 'already-right', effects: [] });
  });

  test('fixed by an earlier try, found right by this one', async () => {
    const journal = memoryJournal();
    const died = scripted({
      plans: [ACT],
      apply: async (context) => {
        await context.record({}, { key: 'credit:R1', kind: 'credit', amountMinor: '100', currency: 'CNY' });
        throw new Error('died after the commit');
      },
    });
    expect(await runFix(died, COMMAND, { journal })).toMatchObject({
      outcome: 'failed',
      effects: [{ key: 'credit:R1' }],
    });
    expect(await runFix(scripted({ plans: [RIGHT] }), COMMAND, { journal })).toMatchObject({
      outcome: 'fixed',
      replayed: false,
    });
  });

  test.each<Exclude<ReportedOutcome, 'fixed' | 'already-right'>>([
    'not-this-problem',
    'not-yet',
    'failed',
    'refused',
  ])('%s passes through', async (verdict) => {
    const result = await runFix(
      scripted({ plans: [ACT, { verdict, scenario: 'C1', reason: 'because' }] }),
      COMMAND,
    );
    expect(result).toMatchObject({
      outcome: verdict,
      verified: false,
      reason: 'because',
      effects: [{ key: 'credit:R1' }],
    });
  });

  test('a step that stops ends it', async () => {
    const fix = scripted({
      plans: [ACT],
      apply: async () => ({ result: 'stop', outcome: 'not-yet', reason: 'the bank works on it' }),
    });
    expect(await runFix(fix, COMMAND)).toMatchObject({
      outcome: 'not-yet',
      scenario: 'C1',
      reason: 'the bank works on it',
    });
  });

  test('a plan that never comes to an end has failed after twelve rounds', async () => {
    let applied = 0;
    const fix = scripted({
      plans: [ACT],
      apply: async () => {
        applied += 1;
        return CONTINUE;
      },
    });
    const result = await runFix(fix, COMMAND);
    expect(result?.outcome).toBe('failed');
    expect(result?.reason).toContain('12 rounds');
    expect(applied).toBe(12);
  });

  test('a thrown error fails, with its code and without what is personal', async () => {
    const fix = scripted({
      plans: [ACT],
      fields: { payee: '6222021234567890123' },
      apply: async () => {
        throw Object.assign(
          new Error('R20261122000001: no account 6222 0212 3456 7890 123, phone 13800138000'),
          { code: '55P03' },
        );
      },
    });
    const result = await runFix(fix, COMMAND);
    expect(result?.reason).toBe('apply credit: R20261122000001: no account ***0123, phone ***8000 (55P03)');
    expect(result?.facts?.order.fields).toEqual({ payee: '***0123' });
  });
});

describe('the command key', () => {
  test('a repeat of what was fixed gets the recorded answer and does nothing', async () => {
    const journal = memoryJournal();
    const first = await runFix(scripted({ plans: [ACT, RIGHT] }), COMMAND, { journal });
    const never = scripted({ plans: [ACT], apply: () => expect.unreachable() });
    const second = await runFix(never, { ...COMMAND, problemId: '77', attempt: 3 }, { journal });
    expect(second).toEqual({ ...first, replayed: true, problemId: '77' });
  });

  test.each<Plan>([
    { verdict: 'refused', scenario: 'C1', reason: 'too little money' },
    { verdict: 'not-this-problem', scenario: null, reason: 'changed' },
    RIGHT,
  ])('$verdict is not kept: a later run looks at the facts of its time', async (plan) => {
    const journal = memoryJournal();
    expect((await runFix(scripted({ plans: [plan] }), COMMAND, { journal }))?.outcome).toBe(plan.verdict);
    expect(await runFix(scripted({ plans: [ACT, RIGHT] }), COMMAND, { journal })).toMatchObject({
      outcome: 'fixed',
      replayed: false,
    });
  });

  test.each([{ amountMinor: '101' }, { currency: 'USD' }, { businessKey: 'R2' }, { fixCode: 'otherFix' }])(
    'with another payload %j is refused with an alarm',
    async (change) => {
      const journal = memoryJournal();
      const key = { commandKey: 'cmd/PBAP/someFix/R1/0' };
      await runFix(scripted({ plans: [ACT, RIGHT] }), { ...COMMAND, ...key }, { journal });
      const never = scripted({ plans: [ACT], apply: () => expect.unreachable() });
      const result = await runFix(never, { ...COMMAND, ...key, ...change }, { journal });
      expect(result).toMatchObject({ outcome: 'refused', alarm: 'payload-changed', replayed: false });
    },
  );

  test('the same one twice at once runs once, and both get the answer', async () => {
    let applied = 0;
    const held = gate();
    const fix = scripted({
      plans: [ACT, RIGHT],
      apply: async (context) => {
        applied += 1;
        await held.opened;
        await context.record({}, { key: 'credit:R1', kind: 'credit', amountMinor: '100', currency: 'CNY' });
        return CONTINUE;
      },
    });
    const runner = createRunner({
      journal: memoryJournal(),
      clock: manualClock(),
      log: silentLogger,
      personal: [],
      roundsMax: 12,
    });
    const signal = new AbortController().signal;
    const both = [
      runner.run(fix, testCommand(COMMAND), signal),
      runner.run(fix, testCommand({ ...COMMAND, problemId: '2' }), signal),
    ];
    const other = await runner.run(
      fix,
      testCommand({ ...COMMAND, commandKey: testCommand(COMMAND).commandKey, amountMinor: '5' }),
      signal,
    );
    expect(other).toMatchObject({ outcome: 'refused', alarm: 'payload-changed' });
    held.open();
    const [one, two] = await Promise.all(both);
    expect(one).toMatchObject({ outcome: 'fixed', problemId: '1' });
    expect(two).toEqual({ ...one, problemId: '2' });
    expect(applied).toBe(1);
  });
});

describe('the fence', () => {
  const fenced = (
    script: Script,
    log: string[],
    release: () => Promise<void> = async () => void log.push('released'),
  ): Fix => ({
    ...scripted(script),
    fence: async () => {
      log.push('held');
      return { held: true, release };
    },
  });

  test.each<Script>([
    { plans: [ACT, RIGHT] },
    { plans: [ACT], apply: async () => Promise.reject(new Error('no')) },
    { plans: [{ verdict: 'refused', scenario: null, reason: 'no' }] },
  ])('is released however the rounds end', async (script) => {
    const log: string[] = [];
    await runFix(fenced(script, log), COMMAND);
    expect(log).toEqual(['held', 'released']);
  });

  test('is released after some failures too', async () => {
    const log: string[] = [];
    const clock = manualClock();
    let failures = 2;
    const release = async (): Promise<void> => {
      if (failures-- > 0) throw new Error('connection lost');
      log.push('released');
    };
    const running = runFix(fenced({ plans: [RIGHT] }, log, release), COMMAND, { clock });
    await clock.advance(1_000);
    expect((await running)?.outcome).toBe('already-right');
    expect(log).toEqual(['held', 'released']);
  });

  test('that cannot be had ends it with its reason', async () => {
    const fix: Fix = {
      ...scripted({ plans: [ACT], apply: () => expect.unreachable() }),
      fence: async () => ({ held: false, outcome: 'not-yet', reason: 'a callback holds it' }),
    };
    expect(await runFix(fix, COMMAND)).toMatchObject({ outcome: 'not-yet', reason: 'a callback holds it' });
  });

  test('is not taken any more by a command whose lease went while its entry was opened', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const journal = memoryJournal();
    const slow = {
      ...journal,
      open: async (commandKey: string, payloadHash: string) => {
        const entry = await journal.open(commandKey, payloadHash);
        controller.abort(new GiveUp('lease-lost'));
        return entry;
      },
    };
    const fix = fenced({ plans: [RIGHT] }, log);
    expect(await runFix(fix, COMMAND, { journal: slow, signal: controller.signal })).toBeNull();
    expect(log).toEqual([]);
  });

  test('that throws fails it', async () => {
    const fix: Fix = {
      ...scripted({ plans: [ACT] }),
      fence: async () => Promise.reject(new Error('lock timeout')),
    };
    expect(await runFix(fix, COMMAND)).toMatchObject({ outcome: 'failed', reason: 'fence: lock timeout' });
  });
});

describe('giving up', () => {
  test('between two steps says nothing, and keeps what was committed', async () => {
    const journal = memoryJournal();
    const controller = new AbortController();
    const fix = scripted({
      plans: [ACT],
      apply: async (context) => {
        await context.record({}, { key: 'credit:R1', kind: 'credit', amountMinor: '100', currency: 'CNY' });
        controller.abort(new GiveUp('lease-lost'));
        return CONTINUE;
      },
    });
    expect(await runFix(fix, COMMAND, { journal, signal: controller.signal })).toBeNull();
    expect(await runFix(scripted({ plans: [RIGHT] }), COMMAND, { journal })).toMatchObject({
      outcome: 'fixed',
    });
  });

  test('after too long a time has failed', async () => {
    const controller = new AbortController();
    const fix = scripted({
      plans: [ACT],
      apply: async ({ signal }) => {
        controller.abort(new GiveUp('too-slow'));
        signal.throwIfAborted();
        return CONTINUE;
      },
    });
    expect(await runFix(fix, COMMAND, { signal: controller.signal })).toMatchObject({ outcome: 'failed' });
  });
});

describe('a preview', () => {
  test('tells all steps and writes nothing', async () => {
    const journal = memoryJournal();
    const fix: Fix = {
      ...scripted({
        plans: [ACT],
        fields: { payee: '6222021234567890123' },
        apply: () => expect.unreachable(),
      }),
      fence: () => expect.unreachable(),
    };
    const preview = await previewFix(fix, COMMAND, { journal });
    expect(preview).toMatchObject({
      verdict: 'act',
      scenario: 'C1',
      steps: [STEP],
      facts: { order: { fields: { payee: '***0123' } } },
    });
    expect(journal.entries.size).toBe(0);
  });

  test('of a fix that throws says so', async () => {
    const fix: Fix = {
      ...scripted({ plans: [ACT] }),
      examine: async () => Promise.reject(new Error('no route to 13800138000')),
    };
    expect(await previewFix(fix, COMMAND)).toMatchObject({
      verdict: 'failed',
      reason: 'no route to ***8000',
      steps: [],
    });
  });
});
