/**
 * A client of the SDK that finds so many problems at once and repairs each in a time that the benchmark sets. The
 * production system is a set in memory: what is shown here is the way to it.
 */
import { createClient, defineFix, type FoundProblem } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanStep } from '@piculus/protocol';
import { FIX_CODE, problemOf } from '../poison/messages.ts';

const TELL_MS = 200;

let fixMs = Number(process.env.BENCH_FIX_MS ?? 0);
const problems = Number(process.env.BENCH_PROBLEMS ?? 0);
const repaired = new Set<string>();
let running = 0;
let runningMost = 0;

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('fixMs' in message)) return;
  fixMs = Number(message.fixMs);
});
process.on('disconnect', () => process.exit(0));

const { facts } = problemOf('R0');
const fix = defineFix<boolean, PlanStep, undefined>({
  fixCode: FIX_CODE,
  examine: async ({ businessKey }) => repaired.has(businessKey),
  facts: () => facts,
  plan: ({ businessKey }, done) =>
    done
      ? { verdict: 'already-right', scenario: null, reason: 'booked' }
      : {
          verdict: 'act',
          scenario: 'C5',
          steps: [
            {
              kind: 'credit',
              key: `credit:${businessKey}`,
              amountMinor: '70000',
              currency: 'CNY',
              text: { en: 'book it', zh: '入账' },
            },
          ],
          reason: 'not booked',
        },
  async apply(step, _done, { command, record }) {
    running += 1;
    runningMost = Math.max(runningMost, running);
    await sleep(fixMs);
    running -= 1;
    repaired.add(command.businessKey);
    await record(undefined, {
      key: step.key,
      kind: step.kind,
      amountMinor: step.amountMinor,
      currency: step.currency,
    });
    return { result: 'continue' };
  },
});

createClient({
  url: process.env.PICULUS_URL ?? '',
  systemKey: process.env.PICULUS_SYSTEM_KEY ?? '',
  serverKeys: process.env.PICULUS_SERVER_KEYS ?? '',
  application: { name: 'slow', version: '1.0.0' },
  journal: memoryJournal<undefined>(),
  places: Number(process.env.BENCH_PLACES ?? 16),
  fixes: [
    {
      collector: {
        fixCode: FIX_CODE,
        async collect({ report, scanned }) {
          const found = Array.from({ length: problems }, (_, n): FoundProblem => {
            const { fixCode: _fixCode, ...one } = problemOf(`R${n}`);
            return one;
          });
          await report(found);
          scanned(problems);
          const reachesTo = new Date().toISOString();
          return { feeds: [{ side: 'bank', reachesTo, complete: true }], complete: true };
        },
      },
      fix,
    },
  ],
}).start();

setInterval(() => process.send?.({ repaired: repaired.size, runningMost }), TELL_MS);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
