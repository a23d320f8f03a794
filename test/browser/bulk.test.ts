/** Many fixes at once: the two ways to choose them, what is asked before, and what comes of it. */
import type { BulkRun, Problem } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Console, openConsole } from './support/open-console.ts';
import { confirm, rowOf } from './support/steps.ts';
import { moneyOf, sayIn } from './support/texts.ts';
import { WITHIN_MS } from './support/world.ts';

const say = sayIn('en');
/** More than a page of fifty. */
const ANOMALIES = 7;

let site: Console;
beforeAll(async () => {
  site = await openConsole({ anomalies: ANOMALIES });
  await site.world.collect(['PBAP']);
});
afterEach(() => site.closePages());
afterAll(() => site.close());

const bar = (page: Page) => page.getByRole('region', { name: say('problems.bulk'), exact: true });
const scope = (page: Page) => page.getByRole('radiogroup', { name: say('problems.bulkScope'), exact: true });

function sums(problems: readonly Problem[]): string {
  const byCurrency = new Map<string, bigint>();
  for (const { currency, amountMinor } of problems)
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0n) + BigInt(amountMinor));
  return moneyOf(
    [...byCurrency]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([currency, sum]) => ({ currency, amountMinor: String(sum) })),
  );
}

const select = (page: Page, { businessKey }: Problem): Promise<void> =>
  rowOf(page, businessKey).getByRole('checkbox').check();

async function endOf(page: Page): Promise<BulkRun> {
  await page.waitForURL(/\/bulk-runs\/\d+$/);
  const id = page.url().split('/').at(-1) ?? '';
  const { api, changes } = site.world;
  let run = await api.getBulkRun({ params: { id } });
  await changes.until('the bulk run ends', WITHIN_MS, async () => {
    run = await api.getBulkRun({ params: { id } });
    return run.finishedAt !== null;
  });
  return run;
}

it('runs rows that were selected on two pages, and groups what came of them', async () => {
  const { api } = site.world;
  const first = await api.listProblems({ query: { waitReason: ['manual'] } });
  const second = await api.listProblems({ query: { waitReason: ['manual'], after: first.next ?? '' } });
  const chosen = [...first.items.slice(0, 2), ...second.items.slice(0, 3)];
  expect(chosen.length).toBe(5);

  const { page } = await site.open('/problems?waitReason=manual', { language: 'en' });
  for (const problem of first.items.slice(0, 2)) await select(page, problem);
  await page.getByRole('button', { name: say('common.next'), exact: true }).click();
  for (const problem of second.items.slice(0, 3)) await select(page, problem);
  const run = say('problems.runFixes', { count: 5, amount: sums(chosen) });
  await bar(page).getByRole('button', { name: run, exact: true }).click();

  // One of them is closed by somebody else before it is confirmed.
  const [gone] = chosen;
  await api.closeProblem({ params: { id: gone?.id ?? '' }, body: { reason: 'handled elsewhere' } });
  const dialog = page.getByRole('dialog', { name: say('problems.runTitle'), exact: true });
  await dialog
    .getByText(say('problems.runLead', { count: 5, amount: sums(chosen) }), { exact: true })
    .waitFor();
  await confirm(page, say, { act: run });

  const { results } = await endOf(page);
  expect(results['not-eligible']).toBe(1);
  const groups = page.locator('.bulk-group');
  await groups
    .and(page.locator('[data-group="not-eligible"]'))
    .getByRole('heading', { name: /1$/ })
    .waitFor();
  const success = (results.fixed ?? 0) + (results['already-right'] ?? 0) + (results['not-this-problem'] ?? 0);
  expect(success).toBeGreaterThan(0);
  await groups
    .and(page.locator('[data-group="success"]'))
    .getByRole('heading', { name: new RegExp(`${success}$`) })
    .waitFor();
  // Each row says why.
  await rowOf(page, gone?.businessKey ?? '')
    .getByText(say('words.result.not-eligible'))
    .waitFor();
});

it('runs all that match: for a reason, and for the number that was confirmed', async () => {
  const { api } = site.world;
  const query = { scenario: ['C1' as const], waitReason: ['manual' as const] };
  const before = await api.countProblems({ query });
  expect(before.problems).toBeGreaterThan(2);
  const { page, faults } = await site.open('/problems?scenario=C1&waitReason=manual', { language: 'en' });
  faults.tolerate(/status of 409/);
  await scope(page).getByText(say('problems.allMatching'), { exact: true }).click();
  const act = (key: string, found: typeof before): string =>
    say(`problems.${key}`, {
      count: found.problems,
      number: found.problems,
      amount: moneyOf(found.amounts),
    });
  await bar(page)
    .getByRole('button', { name: act('runAll', before), exact: true })
    .click();
  const dialog = page.getByRole('dialog', { name: say('problems.runAllTitle'), exact: true });
  await dialog.getByRole('button', { name: act('runAll', before), exact: true }).click();
  await dialog.getByText(say('common.reasonNeeded'), { exact: true }).waitFor();

  const [one] = (await api.listProblems({ query })).items;
  await api.closeProblem({ params: { id: one?.id ?? '' }, body: { reason: 'handled elsewhere' } });
  await dialog.getByLabel(say('common.reason')).fill('night round');
  await dialog.getByRole('button', { name: act('runAll', before), exact: true }).click();
  const from = before.problems;
  await dialog
    .getByText(say('problems.countChanged', { from, to: from - 1 }))
    .first()
    .waitFor();
  expect((await api.listBulkRuns()).items.filter(({ reason }) => reason === 'night round')).toEqual([]);

  const now = await api.countProblems({ query });
  expect(now.problems).toBe(from - 1);
  expect(await dialog.getByLabel(say('common.reason')).inputValue()).toBe('night round');
  await dialog.getByRole('button', { name: act('runAllAgain', now), exact: true }).click();
  const run = await endOf(page);
  expect({ problems: run.problems, reason: run.reason, amounts: run.amounts }).toEqual({
    problems: now.problems,
    reason: 'night round',
    amounts: now.amounts,
  });
  await page
    .locator('.bulk-group[data-group="success"]')
    .getByRole('heading', { name: new RegExp(`${run.results.fixed}$`) })
    .waitFor();
});

it('does not offer to run everything there is', async () => {
  const { page } = await site.open('/problems', { language: 'en' });
  expect(await bar(page).count()).toBe(0);
  await page.getByRole('checkbox', { name: say('common.selectAllOnPage'), exact: true }).check();
  await bar(page).waitFor();
  expect(await scope(page).count()).toBe(0);
});
