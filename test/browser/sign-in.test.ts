/** A second factor from setting it up to signing in with it, and a sign-in by a provider, as a person does it. */
import { createApiClient } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { anyFreePort } from '../../examples/pbap/src/demo/ports.ts';
import { codeAt, fromBase32, stepOf } from '../../packages/server/src/identity/totp.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  startProvider,
  type TestProvider,
} from '../../packages/server/test/identity/provider.ts';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';
import { createPerson } from '../support/people.ts';
import { axe } from './support/axe.ts';
import { openSite, PHONE, readyMain, type Site } from './support/site.ts';
import { sayIn } from './support/texts.ts';

const say = sayIn('en');
const PERSON = { username: 'somebody', password: 'correct horse battery' };

let provider: TestProvider;
let server: TestServer;
let site: Site;
beforeAll(async () => {
  const port = await anyFreePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  provider = await startProvider(publicUrl);
  server = await startTestServer({
    host: '127.0.0.1',
    port,
    publicUrl,
    signOn: {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      label: 'the company account',
      createRole: null,
    },
  });
  await createPerson(server.api, server.address, PERSON);
  site = await openSite(server.address, PERSON);
});
afterEach(() => site.closePages());
afterAll(async () => {
  await site.close();
  await server.stop();
  await provider.stop();
});

const codeOf = (secret: string, ahead = 0): string => codeAt(fromBase32(secret), stepOf(new Date()) + ahead);
const button = (page: Page, key: string, values = {}) =>
  page.getByRole('button', { name: say(key, values), exact: true });

async function givePassword(page: Page): Promise<void> {
  await page.getByLabel(say('shell.username')).fill(PERSON.username);
  await page.locator('input[type="password"]').fill(PERSON.password);
  await button(page, 'shell.signIn').click();
}

it('sets a second factor up and signs in with it, then without the phone', async () => {
  const { page } = await site.open('/account', { language: 'en', viewport: PHONE });
  await button(page, 'secondFactor.setUp').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('img', { name: say('secondFactor.qr') }).waitFor();
  expect(await axe(page)).toEqual([]);
  const secret = (await dialog.locator('.second-factor-secret').innerText()).replaceAll(/\s/g, '');
  await dialog.getByRole('textbox', { name: say('secondFactor.code') }).fill(codeOf(secret));
  await button(page, 'secondFactor.confirm').click();
  await dialog.getByLabel(say('secondFactor.codesKept')).waitFor();
  const codes = await dialog.getByRole('list').getByRole('listitem').allInnerTexts();
  expect(codes).toHaveLength(10);
  expect(await axe(page)).toEqual([]);
  await dialog.getByLabel(say('secondFactor.codesKept')).check();
  await button(page, 'secondFactor.done').click();
  await page.getByText(say('secondFactor.codesLeft', { count: 10 })).waitFor();

  const { page: other } = await site.open('/', { language: 'en', signedIn: false });
  await givePassword(other);
  const field = other.getByLabel(say('secondFactor.stepField'));
  await field.and(other.locator(':focus')).waitFor();
  expect(await axe(other)).toEqual([]);
  await field.fill(codeOf(secret, 1));
  await button(other, 'secondFactor.stepAct').click();
  await other.getByRole('heading', { level: 1, name: say('shell.home'), exact: true }).waitFor();

  const { page: third } = await site.open('/', { language: 'en', signedIn: false });
  await givePassword(third);
  await third.getByLabel(say('secondFactor.stepField')).fill(codes[0] ?? '');
  await button(third, 'secondFactor.stepAct').click();
  await third.getByRole('heading', { level: 1, name: say('shell.home'), exact: true }).waitFor();
  await third.goto('/account');
  await third.getByText(say('secondFactor.codesLeft', { count: 9 })).waitFor();
});

it('signs in by the provider, and says why it did not', async () => {
  const { page } = await site.open('/', { language: 'en', signedIn: false });
  const link = page.getByRole('link', { name: say('secondFactor.signOn', { label: 'the company account' }) });
  provider.person = { sub: 'id-nobody', preferred_username: 'nobody-here' };
  await link.click();
  await page
    .getByRole('alert')
    .filter({ hasText: say('secondFactor.failures.unknown-user') })
    .waitFor();
  expect(new URL(page.url()).search).toBe('');
  expect(await axe(page)).toEqual([]);

  const { page: other } = await site.open('/', { language: 'en', signedIn: false });
  provider.person = { sub: 'id-somebody', preferred_username: PERSON.username };
  await other
    .getByRole('link', { name: say('secondFactor.signOn', { label: 'the company account' }) })
    .click();
  await readyMain(other).first().waitFor();
  await other.getByRole('heading', { level: 1, name: say('shell.home'), exact: true }).waitFor();
});

it('lets somebody whose role asks for a second factor do nothing before', async () => {
  await server.api.putRole({ params: { name: 'careful' }, body: { verbs: ['view'], version: 0 } });
  const { secret } = await server.api.beginSecondFactor();
  await server.api.confirmSecondFactor({ body: { code: codeOf(secret) } });
  await server.api.setSecondFactorRole({ params: { role: 'careful' }, body: { required: true } });
  const holder = { username: 'holder', password: PERSON.password };
  const { token } = await createPerson(server.api, server.address, {
    ...holder,
    grants: [{ role: 'careful', sysCode: null }],
  });
  await expect(createApiClient({ baseUrl: server.address, token }).listProblems()).rejects.toMatchObject({
    code: 'second-factor-required',
  });
  const { page } = await site.open('/', { language: 'zh-CN', signedIn: false });
  const zh = sayIn('zh-CN');
  await page.getByLabel(zh('shell.username')).fill(holder.username);
  await page.locator('input[type="password"]').fill(holder.password);
  await page.getByRole('button', { name: zh('shell.signIn'), exact: true }).click();
  await page.getByRole('heading', { level: 1, name: zh('secondFactor.requiredTitle') }).waitFor();
  await page.getByRole('img', { name: zh('secondFactor.qr') }).waitFor();
  expect(await axe(page)).toEqual([]);
  const key = (await page.locator('.second-factor-secret').innerText()).replaceAll(/\s/g, '');
  await page.getByLabel(zh('secondFactor.code')).fill(codeOf(key));
  await page.getByRole('button', { name: zh('secondFactor.confirm'), exact: true }).click();
  await page.getByLabel(zh('secondFactor.codesKept')).check();
  await page.getByRole('button', { name: zh('secondFactor.done'), exact: true }).click();
  await page.getByRole('heading', { level: 1, name: zh('shell.home'), exact: true }).waitFor();

  // An administrator sees that it is asked for, and ends it.
  const { page: roles } = await site.open('/roles', { language: 'en' });
  const careful = roles.getByRole('checkbox', { name: 'careful', exact: true });
  await careful.and(roles.locator(':checked')).waitFor();
  expect(await axe(roles)).toEqual([]);
  await careful.click();
  await button(roles, 'secondFactor.rolesStop', { count: 1 }).click();
  await careful.and(roles.locator(':not(:checked)')).waitFor();
  expect(await server.api.listSecondFactorRoles()).toEqual({ items: [] });
});
