/** Four eyes: one person asks, another one decides, and what was decided is kept. */
import type { ApprovalRules, Problem } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../support/people.ts';
import { axe } from './support/axe.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { openSite, type Site } from './support/site.ts';
import { confirm } from './support/steps.ts';
import { money, type Say, sayIn } from './support/texts.ts';
import { WITHIN_MS } from './support/world.ts';

/** Nobody runs anything alone, nor changes a solution; ticks may do all. */
const RULES: ApprovalRules = {
  unattended: {},
  unattendedUpTo: null,
  aloneUpTo: [],
  bulkProblems: null,
  bulkUpTo: null,
  perDayUpTo: null,
  always: ['change-solution'],
};

/** Who asks. */
let site: Console;
/** Who decides. */
let second: Site;
let problems: Problem[];
beforeAll(async () => {
  site = await openConsole({ orders: 60, anomalies: 2 });
  const { api, address } = site.world;
  const approver = { username: 'approver', password: 'four eyes see more than two' };
  await createPerson(api, address, approver);
  second = await openSite(address, approver, site.browser);
  await site.world.collect(['PBAP']);
  problems = (await api.listProblems({ query: { waitReason: ['manual'], limit: 500 } })).items;
  const { version } = await api.getApprovalPolicy();
  await api.setApprovalPolicy({
    body: { version, mode: 'own', singlePerson: false, rules: RULES, reason: 'two people work here' },
  });
});
afterEach(async () => {
  await site.closePages();
  await second.closePages();
});
afterAll(async () => {
  await second.close();
  await site.close();
});

function next(): Problem {
  const problem = problems.pop();
  if (problem === undefined) throw new Error('no problem is left');
  return problem;
}

/** What the dialog says once somebody was asked. @returns the request's id. */
async function asked(page: Page, say: Say): Promise<string> {
  const dialog = page.getByRole('dialog');
  const link = dialog.getByRole('link', { name: say('approvals.ask.see'), exact: true });
  const id = (await link.getAttribute('href'))?.split('/').at(-1) ?? '';
  await dialog.getByText(say('approvals.ask.asked', { id }), { exact: true }).waitFor();
  await link.click();
  await page.waitForURL(`**/approvals/${id}`);
  return id;
}

/** Asks for a run of the problem on its page. @returns the request's id. */
async function askForRun(page: Page, say: Say, problem: Problem): Promise<string> {
  await page.getByRole('button', { name: say('problem.act.run'), exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(say('approvals.ask.needs'), { exact: true }).waitFor();
  const act = say('problem.act.runAmount', { amount: money(problem.amountMinor, problem.currency) });
  await dialog.getByLabel(say('common.reason')).fill('the customer waits');
  await dialog.getByRole('button', { name: say('approvals.ask.act', { act }), exact: true }).click();
  return asked(page, say);
}

const stateIs = (page: Page, say: Say, state: string) =>
  page
    .locator('.approvals-lead')
    .getByText(say(`approvals.state.${state}`), { exact: true })
    .waitFor();

describe.each(['zh-CN', 'en'] as const)('in %s', (language) => {
  const say = sayIn(language);
  const fixCode = { 'zh-CN': 'withdrawFailedFixServiceImpl', en: 'rechargeFailedFixServiceImpl' }[language];

  it('changes a solution only once somebody else agreed', async () => {
    const { api } = site.world;
    const find = async () => {
      const { items } = await api.listSolutions({ query: { sysCode: 'PBAP' } });
      const solution = items.find((each) => each.fixCode === fixCode);
      if (solution === undefined) throw new Error(`there is no solution ${fixCode}`);
      return solution;
    };
    const before = await find();
    const { page } = await site.open(`/solutions/${before.id}`, { language });
    await page.getByLabel(say('solutions.field.maxRetries')).fill('7');
    await page.getByRole('button', { name: say('solutions.saveChange'), exact: true }).click();
    const dialog = page.getByRole('dialog', { name: say('approvals.ask.solutionTitle') });
    const ask = say('approvals.ask.act', { act: say('solutions.saveChange') });
    await dialog.getByRole('button', { name: ask, exact: true }).click();
    await dialog.getByText(say('common.reasonNeeded'), { exact: true }).waitFor();
    await dialog.getByLabel(say('common.reason')).fill('the bank needs more tries');
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole('button', { name: ask, exact: true }).click();
    const id = await asked(page, say);
    expect((await find()).version).toBe(before.version);

    // Who asks cannot decide, and learns why.
    await page.getByText(say('approvals.cannot.own-request'), { exact: true }).waitFor();
    const approve = say('approvals.approve');
    expect(await page.getByRole('button', { name: approve, exact: true }).count()).toBe(0);

    const { page: other } = await second.open('/', { language });
    // By its address: another entry of the menu begins with the same words in Chinese.
    await other.getByRole('navigation').locator('a[href="/approvals"]').first().click();
    await other.waitForURL('**/approvals');
    const subject = say('approvals.kind.change-solution', { what: '' });
    await other
      .getByRole('link', { name: new RegExp(`^${subject}`) })
      .first()
      .click();
    await other.waitForURL(`**/approvals/${id}`);
    await other.getByText('the bank needs more tries').waitFor();
    const change = other.getByRole('row').filter({ hasText: 'maxRetries' });
    await change.locator('ins').getByText('7', { exact: true }).waitFor();
    expect(await axe(other)).toEqual([]);
    await other.getByRole('button', { name: approve, exact: true }).click();
    const question = other.getByRole('dialog');
    await question.getByLabel(say('common.reason')).fill('agreed with the bank');
    await question.locator('button[type="submit"]').click();
    await other.getByText(say('approvals.done.approved'), { exact: true }).waitFor();

    // The page of who asked follows by itself.
    await stateIs(page, say, 'approved');
    await page.getByText(/agreed with the bank/).waitFor();
    expect(await find()).toMatchObject({ version: before.version + 1, maxRetries: 7 });
  });

  it('runs a fix once somebody else agreed', async () => {
    const problem = next();
    const { page } = await site.open(`/problems/${problem.id}`, { language });
    const id = await askForRun(page, say, problem);
    const { page: other } = await second.open(`/approvals/${id}`, { language });
    await other.getByRole('link', { name: problem.businessKey, exact: true }).waitFor();
    await other.getByRole('button', { name: say('approvals.approve'), exact: true }).click();
    const question = other.getByRole('dialog');
    await question.getByLabel(say('common.reason')).fill('seen');
    await question.locator('button[type="submit"]').click();
    await stateIs(other, say, 'approved');
    // A fix may have to wait for the bank; that it ran, and by whose wish, is what counts here.
    await site.world.changes.until('the fix ran', WITHIN_MS, async () => {
      const { executions } = await site.world.api.getProblem({ params: { id: problem.id } });
      return executions.length > 0;
    });
  });

  it('keeps what was rejected, and does nothing', async () => {
    const problem = next();
    const { page } = await site.open(`/problems/${problem.id}`, { language });
    const id = await askForRun(page, say, problem);
    const { page: other } = await second.open(`/approvals/${id}`, { language });
    await other.getByRole('button', { name: say('approvals.reject'), exact: true }).click();
    await confirm(other, say, { act: say('approvals.rejectAct'), reason: `paid by hand (${language})` });
    await other.getByText(say('approvals.done.rejected'), { exact: true }).waitFor();
    await stateIs(page, say, 'rejected');

    const { page: list } = await site.open('/approvals?tab=mine', { language });
    const row = list.getByRole('row').filter({ has: list.locator(`a[href="/approvals/${id}"]`) });
    await row.getByText(say('approvals.state.rejected'), { exact: true }).waitFor();
    await row.locator('a').first().click();
    await list.getByText(new RegExp(`paid by hand \\(${language}\\)`)).waitFor();
    const { attempts, state } = await site.world.api.getProblem({ params: { id: problem.id } });
    expect({ attempts, state }).toEqual({ attempts: 0, state: 'pending' });
  });

  it('does nothing where the problem changed meanwhile', async () => {
    const problem = next();
    const { page } = await site.open(`/problems/${problem.id}`, { language });
    const id = await askForRun(page, say, problem);
    const { page: other } = await second.open(`/approvals/${id}`, { language });
    await other.getByRole('button', { name: say('approvals.approve'), exact: true }).click();
    const question = other.getByRole('dialog');
    await question.getByLabel(say('common.reason')).fill('seen');
    const body = { reason: 'corrected at the counter' };
    await site.world.api.closeProblem({ params: { id: problem.id }, body });
    await question.locator('button[type="submit"]').click();
    await stateIs(other, say, 'void');
    await stateIs(page, say, 'void');
    const { attempts, state } = await site.world.api.getProblem({ params: { id: problem.id } });
    expect({ attempts, state }).toEqual({ attempts: 0, state: 'closed' });
  });

  it('takes back what was asked for', async () => {
    const problem = next();
    const { page } = await site.open(`/problems/${problem.id}`, { language });
    await askForRun(page, say, problem);
    await page.getByRole('button', { name: say('approvals.withdraw'), exact: true }).click();
    await confirm(page, say, { act: say('approvals.withdraw'), reason: 'not needed any more' });
    await stateIs(page, say, 'withdrawn');
  });

  it('asks for a second person before the policy changes', async () => {
    const { page } = await site.open('/approval-policy', { language });
    const { version } = await site.world.api.getApprovalPolicy();
    const count = page.getByLabel(say('policy.bulkProblems'), { exact: true });
    await count.fill('0');
    await page.getByRole('button', { name: say('policy.save'), exact: true }).click();
    await page.getByText(say('policy.bulkProblemsBad'), { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await count.fill(language === 'en' ? '11' : '12');
    await page.getByRole('button', { name: say('policy.save'), exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(say('common.reason')).fill('fewer at once');
    const act = say('approvals.ask.act', { act: say('policy.save') });
    await dialog.getByRole('button', { name: act, exact: true }).click();
    const id = await asked(page, say);
    expect((await site.world.api.getApprovalPolicy()).version).toBe(version);
    const { page: other } = await second.open(`/approvals/${id}`, { language });
    await other.getByRole('button', { name: say('approvals.approve'), exact: true }).click();
    const question = other.getByRole('dialog');
    await question.getByLabel(say('common.reason')).fill('agreed');
    await question.locator('button[type="submit"]').click();
    await stateIs(other, say, 'approved');
    const { rules } = await site.world.api.getApprovalPolicy();
    expect(rules.bulkProblems).toBe(language === 'en' ? 11 : 12);
  });
});
