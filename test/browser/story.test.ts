/** The whole story of the product by clicks, in both languages: nothing is called but what a person can press. */
import { randomBytes } from 'node:crypto';
import type { Problem } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Console, openConsole } from './support/open-console.ts';
import { readyMain, signInByForm, signInFirstByForm } from './support/site.ts';
import { confirm, goTo, mark, rowOf, signOut } from './support/steps.ts';
import { money, type Say, sayIn } from './support/texts.ts';

const MANUAL = 'withdrawFailedFixServiceImpl';
const AUTOMATIC = 'interRechargeFixServiceImpl';
const EVERY_SECOND = '* * * * * ?';

describe.each(['zh-CN', 'en'] as const)('in %s', (language) => {
  const say = sayIn(language);
  let site: Console;
  beforeAll(async () => {
    site = await openConsole({ solutions: 'none' });
  });
  afterEach(() => site.closePages());
  afterAll(() => site.close());

  it('goes from signing in to a repaired payment, and on to the next person', async () => {
    const { world } = site;
    const { page, context } = await site.open('/', { language, signedIn: false });
    await signInByForm(page, world.operator);
    await readyMain(page).first().waitFor();
    const isSame = await mark(page);

    await configure(page, say, { fixCode: MANUAL, mode: 'manual', cron: EVERY_SECOND });
    await broadcast(page, say);
    const found = (await world.api.listProblems({ query: { limit: 500 } })).items;
    const byClick = withFix(found, MANUAL);
    const byThemselves = withFix(found, AUTOMATIC);
    expect(byClick.length).toBeGreaterThan(1);
    expect(byThemselves.length).toBeGreaterThan(1);

    await goTo(page, say, 'problems');
    for (const { businessKey } of [...byClick, ...byThemselves])
      await rowOf(page, businessKey).first().waitFor();
    const [chosen] = byClick;
    if (chosen === undefined) throw new Error('nothing waits for a click');
    await lookAndRun(page, say, chosen);

    // Another window only looks on.
    const onlooker = await context.newPage();
    await onlooker.goto(`/problems?fixCode=${AUTOMATIC}`);
    const isSameOnlooker = await mark(onlooker);
    for (const { businessKey } of byThemselves)
      await rowOf(onlooker, businessKey).getByText(say('words.wait.no-solution'), { exact: true }).waitFor();
    await configureFromQueue(page, say);
    for (const { businessKey } of byThemselves)
      await rowOf(onlooker, businessKey)
        .getByText(say('words.state.fixed'), { exact: true })
        .first()
        .waitFor();
    expect(await isSameOnlooker()).toBe(true);
    await onlooker.close();

    await readMessages(page, say, chosen);
    const newcomer = await addUser(page, say);
    expect(await isSame()).toBe(true);
    await signOut(page, say, world.operator.username);
    await signInFirstByForm(page, newcomer, randomBytes(15).toString('base64url'));
    await page.getByRole('banner').getByText(newcomer.username, { exact: true }).waitFor();
    await goTo(page, say, 'problems');
    await rowOf(page, chosen.businessKey)
      .getByText(say('words.state.fixed'), { exact: true })
      .first()
      .waitFor();
  });
});

const withFix = (problems: readonly Problem[], fixCode: string): Problem[] =>
  problems.filter((problem) => problem.fixCode === fixCode);

async function configure(
  page: Page,
  say: Say,
  given: { readonly fixCode: string; readonly mode: 'manual' | 'automatic'; readonly cron: string },
): Promise<void> {
  await goTo(page, say, 'solutions');
  await page
    .getByRole('link', { name: say('solutions.create'), exact: true })
    .first()
    .click();
  await page
    .getByRole('combobox', { name: say('solutions.field.sysCode') })
    .or(page.locator('[name="sysCode"]'))
    .first()
    .fill('PBAP');
  await page.keyboard.press('Tab');
  await page.locator('[name="fixCode"]').fill(given.fixCode);
  await page.keyboard.press('Tab');
  await fillAndSave(page, say, given);
}

async function fillAndSave(
  page: Page,
  say: Say,
  { mode, cron }: { readonly mode: 'manual' | 'automatic'; readonly cron: string },
): Promise<void> {
  await page.getByRole('radio', { name: say(`words.mode.${mode}`), exact: true }).check();
  await page.getByLabel(say('solutions.field.maxRetries')).fill('5');
  await page.getByLabel(say('solutions.field.retryCron')).fill(cron);
  // The server explains what was typed: in both languages, with the next five ticks.
  const preview = page.getByRole('region', { name: say('solutions.preview'), exact: true });
  await preview.getByRole('listitem').nth(4).waitFor();
  await preview.getByText(/every second/i).waitFor();
  await preview.getByText(/每秒/).waitFor();
  await page.getByRole('button', { name: say('solutions.saveNew'), exact: true }).click();
  await page.getByText(say('solutions.saved', { version: 1 }), { exact: true }).waitFor();
}

/** From a row that waits because nothing is configured for it. */
async function configureFromQueue(page: Page, say: Say): Promise<void> {
  await goTo(page, say, 'handling');
  await page
    .getByRole('navigation', { name: say('handling.groups') })
    .getByRole('link', { name: new RegExp(`^${say('handling.tab.no-solution')}`) })
    .click();
  await page
    .getByRole('link', { name: `${say('handling.createSolution')} PBAP ${AUTOMATIC}`, exact: true })
    .first()
    .click();
  await page.locator(`[name="fixCode"][value="${AUTOMATIC}"]`).waitFor();
  await fillAndSave(page, say, { mode: 'automatic', cron: EVERY_SECOND });
}

async function broadcast(page: Page, say: Say): Promise<void> {
  await goTo(page, say, 'collect');
  const window = say('collect.ownWindow', { count: 1 });
  await page.getByRole('button', { name: say('collect.act', { count: 1, window }), exact: true }).click();
  const command = page.getByRole('article', { name: say('collections.command', { sysCode: 'PBAP' }) });
  await command.waitFor();
  await command.getByText(say('words.collect.complete'), { exact: true }).first().waitFor();
  // Rows were scanned, and what was reported is new.
  const scanned = command
    .locator('.fact')
    .filter({ hasText: say('collections.rows') })
    .locator('dd');
  expect(Number((await scanned.innerText()).replace(/\D/g, ''))).toBeGreaterThan(100);
  await command.getByText(/4\d/).first().waitFor();
}

async function lookAndRun(page: Page, say: Say, problem: Problem): Promise<void> {
  await goTo(page, say, 'handling');
  await rowOf(page, problem.businessKey)
    .getByRole('link', { name: problem.businessKey, exact: true })
    .click();
  const detail = page.getByRole('complementary', { name: say('problems.drawer'), exact: true });
  for (const side of ['order', 'ledger', 'bank'])
    await detail.getByRole('heading', { name: say(`words.side.${side}`), exact: true }).waitFor();
  await detail.getByText(say('problem.sides.contradicts'), { exact: false }).first().waitFor();

  await detail.getByRole('button', { name: say('problem.act.preview'), exact: true }).click();
  const preview = detail.locator('.preview-told');
  await preview.locator('.preview-verdict').waitFor();
  await preview.getByRole('table').first().waitFor();

  await detail.getByRole('button', { name: say('problem.act.run'), exact: true }).click();
  const act = say('problem.act.runAmount', { amount: money(problem.amountMinor, problem.currency) });
  await confirm(page, say, { act, reason: 'seen in the morning round' });
  await detail
    .getByRole('status')
    .filter({ hasText: say('problem.act.asked') })
    .waitFor();
  await detail.locator('.problem-badges').getByText(say('words.state.fixed'), { exact: true }).waitFor();
  await detail
    .getByText(/seen in the morning round/)
    .first()
    .waitFor();
}

async function readMessages(page: Page, say: Say, problem: Problem): Promise<void> {
  await page.getByLabel(say('shell.search')).fill(problem.businessKey);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: problem.businessKey, exact: true }).click();
  const detail = page.getByRole('complementary', { name: say('problems.drawer'), exact: true });
  const behind = detail.locator('.problem-message');
  await behind
    .filter({ has: page.getByText(say('messages.types.fix'), { exact: true }) })
    .first()
    .waitFor();
  await behind
    .filter({ has: page.getByText(say('messages.types.fix-results'), { exact: true }) })
    .first()
    .getByRole('link', { name: say('problem.messages.monitor'), exact: true })
    .click();
  await page.getByRole('heading', { level: 1, name: say('shell.messages'), exact: true }).waitFor();
  const rows = page.getByRole('table', { name: say('messages.caption') }).getByRole('row');
  await rows
    .filter({ hasText: say('messages.types.fix-results') })
    .getByRole('link')
    .first()
    .click();
  const drawer = page.getByRole('dialog', { name: say('messages.message'), exact: true });
  await drawer.getByText(problem.businessKey).first().waitFor();
  await drawer.getByRole('button', { name: say('common.close'), exact: true }).click();
  await drawer.waitFor({ state: 'detached' });
}

async function addUser(page: Page, say: Say) {
  const newcomer = { username: 'night.shift', password: randomBytes(15).toString('base64url') };
  await goTo(page, say, 'users');
  await page.getByRole('button', { name: say('users.create'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: say('users.createTitle'), exact: true });
  await dialog.getByLabel(say('users.username')).fill(newcomer.username);
  await dialog.getByLabel(say('users.name')).fill('夜班 / night shift');
  await dialog.getByRole('radio', { name: say('users.passwordTyped'), exact: true }).check();
  await dialog.locator('input[type="password"]').fill(newcomer.password);
  // A viewer of all systems, as the form begins.
  await dialog.getByRole('button', { name: say('roles.addGrant'), exact: true }).click();
  await dialog.getByRole('button', { name: say('users.act'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('row').filter({ hasText: newcomer.username }).waitFor();
  return newcomer;
}
