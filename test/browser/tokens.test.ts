/** A token made, used and revoked by clicks; and masked values, shown to who may see them and says why. */
import { randomBytes } from 'node:crypto';
import { type Client, createClient, defineCollector, defineFix } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { API_PREFIX } from '@piculus/protocol/http';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createPerson } from '../support/people.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { readyMain, signInByForm } from './support/site.ts';
import { sayIn } from './support/texts.ts';
import { WITHIN_MS } from './support/world.ts';

const say = sayIn('en');
const SYSTEM = 'MASKED';
const FIX = 'maskedFixServiceImpl';
const ORDER = 'M-1';
const PAYEE = '李四-and-nobody-else';
const VIEWER = { username: 'looks.on', password: randomBytes(15).toString('base64url') };

let site: Console;
let client: Client;
let problemId = '';
beforeAll(async () => {
  site = await openConsole({ orders: 20, anomalies: 1 });
  const { api, address, changes } = site.world;
  const { key, serverKeys } = await api.createSystem({ body: { sysCode: SYSTEM, name: 'Masked' } });
  const side = { state: 'x', source: 'test', observedAt: new Date().toISOString(), fields: {} };
  const facts = () => ({ order: { ...side, fields: { counterparty: PAYEE } }, ledger: side, bank: side });
  client = createClient({
    url: address,
    systemKey: key,
    serverKeys,
    application: { name: 'masked', version: '1' },
    personal: ['counterparty'],
    journal: memoryJournal<undefined>(),
    fixes: [
      {
        collector: defineCollector({
          fixCode: FIX,
          async collect({ report }) {
            await report([
              {
                businessKey: ORDER,
                scenario: 'C1',
                handling: 'person',
                amountMinor: '100',
                currency: 'CNY',
                occurredAt: new Date(0).toISOString(),
                outOfPocket: 'customer',
                facts: facts(),
                contradictions: [],
              },
            ]);
            return { feeds: [], complete: true };
          },
        }),
        fix: defineFix({
          fixCode: FIX,
          examine: async ({ businessKey }) => businessKey,
          facts,
          plan: () => ({ verdict: 'refused', scenario: 'C1', reason: 'for a person' }),
          apply: async () => ({ result: 'continue' }),
          reveal: async ({ fields }) => Object.fromEntries(fields.map((field) => [field, PAYEE])),
        }),
      },
    ],
  });
  const online = new Promise<void>((resolve) => {
    client.on(({ type }) => type === 'welcome' && resolve());
  });
  client.start();
  await online;
  await site.world.collect([SYSTEM]);
  await changes.until('the problem is there', WITHIN_MS, async () => {
    const { items } = await api.listProblems({ query: { sysCode: [SYSTEM] } });
    problemId = items[0]?.id ?? '';
    return problemId !== '';
  });
  await createPerson(api, address, { ...VIEWER, grants: [{ role: 'viewer', sysCode: SYSTEM }] });
});
afterEach(() => site.closePages());
afterAll(async () => {
  await client?.stop({ drainMs: 100 });
  await site?.close();
});

it('makes a token for one system, which a program uses until it is revoked', async () => {
  const { page } = await site.open('/account', { language: 'en' });
  await page.getByRole('button', { name: say('tokens.create'), exact: true }).click();
  const form = page.getByRole('dialog', { name: say('tokens.createTitle'), exact: true });
  const act = form.getByRole('button', { name: say('tokens.createAct'), exact: true });
  await act.click();
  await form.getByText(say('tokens.nameNeeded'), { exact: true }).waitFor();
  await form.getByLabel(say('tokens.name')).fill('nightly');
  await form.getByLabel(say('tokens.systemsSome'), { exact: true }).first().check();
  await form.getByRole('checkbox', { name: new RegExp(SYSTEM) }).check();
  await act.click();
  const shown = page.getByRole('dialog').getByLabel(say('tokens.secretLabel'), { exact: true });
  await shown.waitFor();
  const token = await shown.inputValue();
  const ask = (path: string) =>
    fetch(`${site.address}${API_PREFIX}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect(await (await ask('/systems')).json()).toMatchObject({ items: [{ sysCode: SYSTEM }] });
  expect((await ask('/users')).status).toBe(403);
  await page.getByLabel(say('tokens.secretKept'), { exact: true }).check();
  await page.getByRole('button', { name: say('tokens.secretDone'), exact: true }).click();
  await shown.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain(token);

  const row = page.getByRole('row').filter({ hasText: 'nightly' });
  await row.getByText(token.slice(0, 8)).waitFor();
  await row
    .getByRole('button', { name: say('tokens.revokeNamed', { name: 'nightly' }), exact: true })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: say('tokens.revoke'), exact: true }).click();
  await row.getByText(say('tokens.state.revoked'), { exact: true }).waitFor();
  expect((await ask('/systems')).status).toBe(401);
});

it('shows a masked value to who says why, until the dialog is closed', async () => {
  const { page } = await site.open(`/problems/${problemId}`, { language: 'en' });
  await page.getByRole('button', { name: say('reveal.open'), exact: true }).click();
  const dialog = page.getByRole('dialog');
  const act = dialog.getByRole('button', { name: /^Show \d+ field/ });
  await act.click();
  await dialog.getByText(say('reveal.fieldsNeeded'), { exact: true }).waitFor();
  await dialog.getByRole('checkbox').first().check();
  await dialog.getByLabel(say('common.reason')).fill('the customer called');
  await act.click();
  await dialog.getByText(PAYEE, { exact: true }).waitFor();
  await dialog
    .getByRole('button', { name: say('reveal.close'), exact: true })
    .first()
    .click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain(PAYEE);
  await page.goto('/audit');
  await readyMain(page).first().waitFor();
  await page
    .getByRole('row')
    .filter({ hasText: say('audit.acts.reveal') })
    .first()
    .waitFor();
});

it('offers it to nobody who may only look on', async () => {
  const { page } = await site.open('/', { signedIn: false, language: 'en' });
  await signInByForm(page, VIEWER);
  await page.goto(`/problems/${problemId}`);
  await page.getByText(ORDER, { exact: true }).first().waitFor();
  await readyMain(page).first().waitFor();
  await page.getByRole('heading', { name: say('problem.sides.heading'), exact: true }).waitFor();
  expect(await page.getByRole('button', { name: say('reveal.open'), exact: true }).count()).toBe(0);
});
