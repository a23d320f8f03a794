/**
 * An administrator makes somebody who may look at one system, by clicks. That person is offered nothing else, sees
 * nothing else on any page, and is refused by the server; what they are given later is theirs at once.
 */
import { randomBytes } from 'node:crypto';
import { signInFirst } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Console, openConsole } from './support/open-console.ts';
import { PAGES, visit } from './support/pages.ts';
import { SECOND_SYSTEM } from './support/second-system.ts';
import { seedEverything, type Seeded } from './support/seed.ts';
import type { Account } from './support/site.ts';
import { sayIn } from './support/texts.ts';

const OWN = SECOND_SYSTEM;
const FOREIGN = 'PBAP';
const say = sayIn('en');
const VIEWER: Account = { username: 'one.system', password: randomBytes(15).toString('base64url') };

let site: Console;
let seeded: Seeded;
/** Order numbers of the system that is none of the viewer's. */
let foreignOrders: readonly string[];
beforeAll(async () => {
  site = await openConsole({ orders: 100, anomalies: 2 });
  seeded = await seedEverything(site.world);
  const { items } = await site.world.api.listProblems({ query: { sysCode: [FOREIGN], limit: 500 } });
  foreignOrders = items.map(({ businessKey }) => businessKey);
  expect(foreignOrders.length).toBeGreaterThan(0);
});
afterEach(() => site.closePages());
afterAll(async () => {
  await seeded?.stop();
  await site?.close();
});

/** Everything that does something, by its name. */
const ACTS = [
  'handling.run',
  'handling.closeShort',
  'handling.createSolution',
  'problem.act.run',
  'problem.act.close',
  'problem.act.reopen',
  'collections.start',
  'collections.cancel',
  'solutions.create',
  'solutions.import',
  'solutions.configure',
  'solutions.saveChange',
  'solutions.restore',
  'systems.create',
  'systems.keys',
  'systems.disable',
  'users.create',
  'roles.create',
  'bulkRuns.cancel',
].map((key) => say(key));

const openAs = (path: string) => site.open(path, { language: 'en', as: VIEWER });

describe('somebody who may look at one system', () => {
  it('is made by clicks', async () => {
    const { page } = await site.open('/users', { language: 'en' });
    // What is looked for below is there for others.
    expect(await offered(page)).toContain(say('users.create'));
    await page.getByRole('button', { name: say('users.create'), exact: true }).click();
    const form = page.getByRole('dialog', { name: say('users.createTitle'), exact: true });
    await form.getByLabel(say('users.username')).fill(VIEWER.username);
    await form.getByLabel(say('users.name')).fill('Looks on');
    await form.getByLabel(say('roles.role'), { exact: true }).selectOption('viewer');
    await form.getByLabel(say('roles.system'), { exact: true }).selectOption(OWN);
    await form.getByRole('button', { name: say('roles.addGrant'), exact: true }).click();
    await form
      .getByRole('button', {
        name: say('roles.removeGrant', { role: say('roles.names.viewer'), system: OWN }),
        exact: true,
      })
      .waitFor();
    await form.getByRole('button', { name: say('users.act'), exact: true }).click();
    const secret = page.getByRole('dialog', {
      name: say('users.secretTitle', { username: VIEWER.username }),
      exact: true,
    });
    const oneTimePassword = await secret.getByLabel(say('users.secretLabel'), { exact: true }).inputValue();
    await signInFirst(
      { baseUrl: site.address },
      { username: VIEWER.username, oneTimePassword, password: VIEWER.password },
    );
    const { items } = await site.world.api.listUsers();
    const made = items.find(({ username }) => username === VIEWER.username);
    expect(made?.grants).toEqual([{ role: 'viewer', sysCode: OWN }]);
  });

  it('is shown nothing of another system and offered no act, on any page', async () => {
    const { page, faults } = await openAs('/');
    // Pages of the other system's things, and pages that are not for them.
    faults.tolerate(/status of 40[34]/);
    for (const listed of PAGES.filter(({ signedIn }) => signedIn)) {
      await visit(page, listed, seeded);
      const seen = (await page.locator('body').innerText()) + (await page.content());
      expect([listed.name, seen.includes(FOREIGN)]).toEqual([listed.name, false]);
      const orders = foreignOrders.filter((order) => seen.includes(order));
      expect([listed.name, orders]).toEqual([listed.name, []]);
      expect([listed.name, await offered(page)]).toEqual([listed.name, []]);
    }
  });

  it('has no entries in the menu for what they may not do', async () => {
    const { page } = await openAs('/');
    const menu = page.getByRole('navigation', { name: say('shell.menu'), exact: true });
    for (const name of ['collect', 'users', 'roles', 'systems', 'audit'])
      expect([
        name,
        await menu.getByRole('link', { name: say(`shell.${name}`), exact: true }).count(),
      ]).toEqual([name, 0]);
    await menu.getByRole('link', { name: say('shell.problems'), exact: true }).waitFor();
  });

  it('is refused by the server as well', async () => {
    const { page, faults } = await openAs('/');
    faults.tolerate(/status of 40[34]/);
    const ask = (method: string, path: string, body?: object): Promise<number> =>
      page.evaluate(
        async ([how, where, what]) => {
          const headers = { 'content-type': 'application/json' };
          const given = what === undefined ? {} : { headers, body: JSON.stringify(what) };
          return (await fetch(`/api/v1${where}`, { method: how ?? '', ...given })).status;
        },
        [method, path, body] as const,
      );
    const id = seeded.needsHumanProblemId;
    expect(await ask('GET', `/problems/${id}`)).toBe(200);
    expect(await ask('POST', `/problems/${id}/run`, { reason: 'mine' })).toBe(403);
    expect(await ask('POST', `/problems/${id}/close`, { reason: 'mine' })).toBe(403);
    expect(await ask('GET', `/problems/${seeded.manualProblemId}`)).toBe(404);
    expect(await ask('POST', `/problems/${seeded.manualProblemId}/run`, {})).toBe(403);
    expect(await ask('POST', '/collections', { sysCodes: [OWN] })).toBe(403);
    expect(await ask('GET', '/users')).toBe(403);
  });

  it('is offered what they are given, on the page that is open', async () => {
    const { page } = await openAs(`/problems/${seeded.needsHumanProblemId}`);
    const run = page.getByRole('button', { name: say('problem.act.run'), exact: true });
    await page.getByRole('button', { name: say('problem.act.preview'), exact: true }).waitFor();
    expect(await run.count()).toBe(0);
    const { page: users } = await site.open('/users', { language: 'en' });
    const { username } = VIEWER;
    await users.getByRole('button', { name: say('roles.changeNamed', { username }), exact: true }).click();
    const dialog = users.getByRole('dialog', { name: say('roles.changeTitle', { username }), exact: true });
    await dialog.getByLabel(say('roles.role'), { exact: true }).selectOption('operator');
    await dialog.getByLabel(say('roles.system'), { exact: true }).selectOption(OWN);
    await dialog.getByRole('button', { name: say('roles.addGrant'), exact: true }).click();
    await dialog.getByRole('button', { name: say('roles.changeAct'), exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await run.waitFor();
  });
});

/** @returns the names of all acts on the page. */
async function offered(page: Page): Promise<string[]> {
  const names = await page
    .locator('main button, main a, main [role="menuitem"], [role="region"] button')
    .evaluateAll((found) =>
      found.map((one) => (one.getAttribute('aria-label') ?? one.textContent ?? '').trim()),
    );
  return names.filter((name) => ACTS.some((act) => name === act || name.startsWith(`${act} `)));
}
