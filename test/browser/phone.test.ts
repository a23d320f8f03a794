/** At night, on a phone, in the dark: the work queue and a problem are good to use. */
import type { Problem } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { PHONE, readyMain } from './support/site.ts';
import { confirm, rowOf } from './support/steps.ts';
import { beginning, money, sayIn } from './support/texts.ts';

const say = sayIn('zh-CN');
const ON_CALL = { language: 'zh-CN', theme: 'dark', viewport: PHONE } as const;
const TARGET_PX = 24;

let site: Console;
let problems: Problem[];
beforeAll(async () => {
  site = await openConsole();
  await site.world.collect(['PBAP']);
  // Those that a client can repair at once.
  const query = { waitReason: ['manual' as const], scenario: ['C1' as const] };
  problems = (await site.world.api.listProblems({ query })).items;
});
afterEach(() => site.closePages());
afterAll(() => site.close());

function next(): Problem {
  const problem = problems.pop();
  if (problem === undefined) throw new Error('no problem is left');
  return problem;
}

/** Nothing to scroll sideways, nothing too small for a finger, nobody shut out. */
async function isGood(page: Page): Promise<void> {
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  ).toBeLessThanOrEqual(0);
  const small = await page.evaluate((least) => {
    const controls = document.querySelectorAll<HTMLElement>(
      'button,select,textarea,input:not([type="hidden"])',
    );
    return [...controls].flatMap((control) => {
      const { width, height } = control.getBoundingClientRect();
      // A label around or beside a box is part of its target; axe looks at those.
      const box = control instanceof HTMLInputElement && ['checkbox', 'radio'].includes(control.type);
      const seen = control.checkVisibility({ visibilityProperty: true }) && width > 0;
      return seen && !box && (width < least || height < least)
        ? [`${control.textContent || control.getAttribute('aria-label')} ${width} × ${height}`]
        : [];
    });
  }, TARGET_PX);
  expect(small).toEqual([]);
  expect(await axe(page)).toEqual([]);
}

it('runs a fix from the queue and closes another one, each with a few touches', async () => {
  const { page } = await site.open('/handling?tab=manual', ON_CALL);
  expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
  await isGood(page);
  const repaired = next();
  const row = rowOf(page, repaired.businessKey);
  await row.getByRole('button', { name: beginning(say('handling.run')) }).click();
  await isGood(page);
  await confirm(page, say, {
    act: say('handling.runAmount', { amount: money(repaired.amountMinor, repaired.currency) }),
  });
  const outcome = say('handling.outcome', { outcome: say('words.outcome.fixed') });
  await row.getByRole('status').getByText(outcome, { exact: true }).waitFor();

  const closed = next();
  const other = rowOf(page, closed.businessKey);
  await other.getByRole('button', { name: beginning(say('handling.close')) }).click();
  const act = say('handling.closeAmount', { amount: money(closed.amountMinor, closed.currency) });
  const dialog = page.getByRole('dialog', { name: say('handling.closeTitle'), exact: true });
  await dialog.getByRole('button', { name: act, exact: true }).click();
  await dialog.getByText(say('common.reasonNeeded'), { exact: true }).waitFor();
  await confirm(page, say, { act, reason: '客户已在柜台更正' });
  await other.getByRole('status').getByText(say('handling.closed'), { exact: true }).waitFor();
  await isGood(page);
  const { state } = await site.world.api.getProblem({ params: { id: closed.id } });
  expect(state).toBe('closed');
});

it('opens a problem as a page, looks ahead and runs the fix there', async () => {
  const problem = next();
  const { page } = await site.open('/handling?tab=manual', ON_CALL);
  await rowOf(page, problem.businessKey)
    .getByRole('link', { name: problem.businessKey, exact: true })
    .click();
  await page.waitForURL(`**/problems/${problem.id}`);
  await readyMain(page).first().waitFor();
  for (const side of ['order', 'ledger', 'bank'])
    await page
      .getByRole('heading', { name: say(`words.side.${side}`), exact: true })
      .first()
      .waitFor();
  await isGood(page);
  await page.getByRole('button', { name: say('problem.act.preview'), exact: true }).click();
  await page.locator('.preview-verdict').waitFor();
  await isGood(page);
  await page.getByRole('button', { name: say('problem.act.run'), exact: true }).click();
  await confirm(page, say, {
    act: say('problem.act.runAmount', { amount: money(problem.amountMinor, problem.currency) }),
  });
  await page.locator('.problem-badges').getByText(say('words.state.fixed'), { exact: true }).waitFor();
  await isGood(page);
});

it('goes to another page through the menu', async () => {
  const { page } = await site.open('/', ON_CALL);
  await page
    .getByRole('banner')
    .getByRole('button', { name: say('shell.menu'), exact: true })
    .click();
  const menu = page.getByRole('dialog', { name: say('shell.menu'), exact: true });
  await isGood(page);
  await menu.getByRole('link', { name: beginning(say('shell.handling')) }).click();
  await page.getByRole('heading', { level: 1, name: say('shell.handling'), exact: true }).waitFor();
  await menu.waitFor({ state: 'detached' });
});
