/** What the forms say when something is wrong: at the field, in the person's language, and what was typed stays. */
import { randomBytes } from 'node:crypto';
import { ApiError } from '@piculus/protocol/http';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseProxy, startProxy } from '../../packages/server/test/server/proxy.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { ASK_MS, openSite, readyMain, type Site, signInByForm, WITHIN_MS } from './support/site.ts';
import { type Language, type Say, sayIn } from './support/texts.ts';

let site: Console;
let proxy: DatabaseProxy;
/** The same console behind a connection that can be cut. */
let behindProxy: Site;
beforeAll(async () => {
  site = await openConsole();
  proxy = await startProxy(site.address);
  behindProxy = await openSite(proxy.url.replace(/\/$/, ''), site.world.operator, site.browser);
});
afterEach(async () => {
  proxy.mend();
  await site.closePages();
  await behindProxy.closePages();
});
afterAll(async () => {
  await behindProxy.close();
  proxy.close();
  await site.close();
});

/** What the server says about these fields, in the language of the page. */
async function refusals(call: Promise<unknown>, language: Language): Promise<Record<string, string>> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error('the server did not refuse it');
  expect(error.status).toBe(422);
  return Object.fromEntries(
    error.fields.map(({ field, reason }) => [field, language === 'en' ? reason.en : reason.zh]),
  );
}

/** Waits until the words stand at the field for everybody: seen, and read out with it. */
async function saysAt(field: Locator, words: string): Promise<void> {
  // Asked of whatever the field is then, and a failure names what stood there instead.
  await expect
    .poll(() => saidAt(field), { timeout: WITHIN_MS, interval: ASK_MS })
    .toMatchObject({ invalid: 'true', said: expect.arrayContaining([words]) });
}

function saidAt(field: Locator) {
  return field.evaluate((input) => ({
    invalid: input.getAttribute('aria-invalid'),
    said: (input.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? null),
  }));
}

describe.each(['zh-CN', 'en'] as const)('in %s', (language) => {
  const say = sayIn(language);

  it('a solution that the server refuses', async () => {
    const { page, faults } = await site.open('/solutions/new', { language });
    faults.tolerate(/status of 422/);
    const body = { sysCode: 'PBAP', fixCode: 'newFixServiceImpl' };
    const field = (name: string): Locator => page.locator(`input[name="${name}"]`);
    const save = page.getByRole('button', { name: say('solutions.saveNew'), exact: true });
    await field('sysCode').fill(body.sysCode);
    await page.keyboard.press('Tab');
    await field('fixCode').fill(body.fixCode);
    await page.keyboard.press('Tab');
    const wrong = { maxRetries: 100, retryCron: '0 0 25 * * ?' };
    for (const [name, value] of Object.entries(wrong)) {
      const told = await refusals(
        site.world.api.createSolution({ body: { ...body, [name]: value } }),
        language,
      );
      expect(Object.keys(told)).toEqual([name]);
      const before = await field(name).inputValue();
      await field(name).fill(String(value));
      // Said while it is typed, and again, where the person is taken to it, when it is saved.
      await saysAt(field(name), told[name] ?? '');
      await save.click();
      await field(name).and(page.locator(':focus')).waitFor();
      await saysAt(field(name), told[name] ?? '');
      expect(await field(name).inputValue()).toBe(String(value));
      await field(name).fill(before);
    }
    expect(await field('fixCode').inputValue()).toBe(body.fixCode);
    await save.click();
    await page.getByText(say('solutions.saved', { version: 1 }), { exact: true }).waitFor();
    const [made] = (await site.world.api.listSolutions()).items.filter(
      ({ fixCode }) => fixCode === body.fixCode,
    );
    await site.world.api.deleteSolution({ params: { id: made?.id ?? '' } });
  });

  it('a system with an impossible code, schedule and zone', async () => {
    const { page, faults } = await site.open('/systems', { language });
    faults.tolerate(/status of 422/);
    const wrong = { collectCron: '0 0/7 * *', collectTimeZone: 'Asia/Nowhere' };
    const told = await refusals(
      site.world.api.createSystem({ body: { sysCode: 'PBXX', name: 'X', ...wrong } }),
      language,
    );
    expect(Object.keys(told).length).toBeGreaterThan(0);
    await page
      .getByRole('button', { name: say('systems.create'), exact: true })
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: say('systems.createTitle'), exact: true });
    const code = dialog.getByLabel(say('systems.sysCode'));
    await code.fill('9 bad');
    await dialog.getByLabel(say('systems.name')).fill('支付 X');
    const fields: Record<string, Locator> = {
      collectCron: dialog.getByLabel(say('systems.cron')),
      collectTimeZone: dialog.getByLabel(say('systems.zone')),
    };
    await fields['collectCron']?.fill(wrong.collectCron);
    await fields['collectTimeZone']?.fill(wrong.collectTimeZone);
    const create = dialog.getByRole('button', { name: say('systems.create'), exact: true });
    await create.click();
    await saysAt(code, say('systems.sysCodeBad'));
    await code.fill('PBXX');
    await create.click();
    for (const [name, words] of Object.entries(told)) {
      const field = fields[name];
      if (field === undefined) throw new Error(`the server blames ${name}`);
      await saysAt(field, words);
    }
    expect(await dialog.getByLabel(say('systems.name')).inputValue()).toBe('支付 X');
    expect(await fields['collectTimeZone']?.inputValue()).toBe(wrong.collectTimeZone);
  });

  it('a user with a bad name, a short password, and a name that is taken', async () => {
    const { page, faults } = await site.open('/users', { language });
    faults.tolerate(/status of 409/);
    const form = await userForm(page, say);
    await form.username.fill('No Good');
    await form.password.fill('short');
    await form.create.click();
    await saysAt(form.username, say('users.usernameBad'));
    await saysAt(form.name, say('users.nameNeeded'));
    await saysAt(form.password, say('users.passwordShort'));
    await form.username.fill(site.world.operator.username);
    await form.name.fill('Somebody else');
    await form.password.fill('long enough for anybody');
    await form.create.click();
    await saysAt(form.username, say('users.taken'));
    expect(await form.password.inputValue()).toBe('long enough for anybody');
    expect(await form.name.inputValue()).toBe('Somebody else');
  });

  it('a collect window that ends before it begins', async () => {
    const { page, faults } = await site.open('/collect', { language });
    faults.tolerate(/status of 422/);
    const body = {
      sysCodes: ['PBAP'],
      windowFrom: '2026-11-20T10:00:00.000Z',
      windowTo: '2026-11-20T09:00:00.000Z',
    };
    const told = Object.entries(await refusals(site.world.api.startCollection({ body }), language));
    expect(told.length).toBe(1);
    await page.getByRole('radio', { name: say('collect.windowCustom'), exact: true }).check();
    const fields: Record<string, Locator> = {
      windowFrom: page.getByRole('textbox', { name: say('collect.windowFrom') }),
      windowTo: page.getByRole('textbox', { name: say('collect.windowTo') }),
    };
    await fields['windowFrom']?.fill('2026-11-20T10:00:00');
    await fields['windowTo']?.fill('2026-11-20T09:00:00');
    const window = say('collect.custom');
    await page.getByRole('button', { name: say('collect.act', { count: 1, window }), exact: true }).click();
    for (const [name, words] of told) {
      const field = fields[name];
      if (field === undefined) throw new Error(`the server blames ${name}`);
      await saysAt(field, words);
    }
    expect(await fields['windowTo']?.inputValue()).toContain('2026-11-20T09:00');
  });

  it('a session that ended meanwhile: sign in above the form, and go on', async () => {
    const { page, context, faults } = await site.open('/', { language, signedIn: false });
    faults.tolerate(/status of 401/);
    await signInByForm(page, site.world.operator);
    await readyMain(page).first().waitFor();
    await page.goto('/users');
    const form = await userForm(page, say);
    const username = `after.sign-in.${language.toLowerCase()}`;
    await form.username.fill(username);
    await form.name.fill('Somebody');
    await form.password.fill('long enough for anybody');
    const ended = await context.request.post('/api/auth/sign-out', {
      data: {},
      headers: { origin: site.address },
    });
    expect(ended.status()).toBe(200);

    // Not by the mouse: something else that the page asks may open the form for signing in above the button first.
    await form.create.dispatchEvent('click');
    const again = page.getByRole('dialog', { name: say('shell.signInAgain'), exact: true });
    await again.locator('input[type="password"]').fill(site.world.operator.password);
    await again.getByRole('button', { name: say('shell.signIn'), exact: true }).click();
    await again.waitFor({ state: 'detached' });
    expect(await form.username.inputValue()).toBe(username);
    expect(await form.password.inputValue()).toBe('long enough for anybody');
    await form.create.click();
    await page.getByRole('row').filter({ hasText: username }).waitFor();
  });

  it('a server that is away: says so, keeps all, and works when it is back', async () => {
    const { page, faults } = await behindProxy.open('/users', { language });
    faults.tolerate(/net::ERR_/);
    const form = await userForm(page, say);
    const username = `while.away.${language.toLowerCase()}`;
    await form.username.fill(username);
    await form.name.fill('Somebody');
    const password = randomBytes(15).toString('base64url');
    await form.password.fill(password);
    proxy.cut();
    await form.create.click();
    const words = language === 'en' ? 'the server cannot be reached' : '无法连接服务器';
    await page.getByRole('alert').getByText(words, { exact: false }).first().waitFor();
    expect(await form.username.inputValue()).toBe(username);
    expect(await form.password.inputValue()).toBe(password);
    proxy.mend();
    await form.create.click();
    await page.getByRole('row').filter({ hasText: username }).waitFor();
  });

  it('a list that could not be loaded: says so, and loads on request', async () => {
    const { page, faults } = await behindProxy.open('/problems', { language });
    faults.tolerate(/net::ERR_/);
    proxy.cut();
    await page.getByRole('link', { name: say('problems.quickNoSolution'), exact: true }).click();
    const notice = page.getByRole('alert').filter({ hasText: say('common.failedLoad') });
    await notice.waitFor();
    proxy.mend();
    await notice.getByRole('button', { name: say('common.retry'), exact: true }).click();
    await page.getByText(say('common.emptyFiltered'), { exact: true }).waitFor();
  });
});

it('the button of a form stays under the mouse while the schedule above it is explained', async () => {
  const say = sayIn('en');
  const cron = '0 0 9 * * ?';
  const { page } = await site.open('/systems', { language: 'en' });
  let explain = (): void => {};
  const asked = new Promise<void>((resolve) => {
    const isOurs = ({ pathname, searchParams }: URL): boolean =>
      pathname.endsWith('/schedules/preview') && searchParams.get('cron') === cron;
    void page.route(isOurs, (route) => {
      explain = () => void route.continue();
      resolve();
    });
  });
  await page
    .getByRole('button', { name: say('systems.create'), exact: true })
    .first()
    .click();
  const dialog = page.getByRole('dialog', { name: say('systems.createTitle'), exact: true });
  const code = dialog.getByLabel(say('systems.sysCode'));
  await code.fill('9 bad');
  await dialog.getByLabel(say('systems.cron')).fill(cron);
  await asked;
  await dialog.getByRole('button', { name: say('systems.create'), exact: true }).hover();
  await page.mouse.down();
  explain();
  await dialog.locator('.systems-ticks').getByRole('listitem').nth(4).waitFor();
  await page.mouse.up();
  await saysAt(code, say('systems.sysCodeBad'));
});

it('an answer from before signing in again asks for no second time', async () => {
  const language = 'en';
  const say = sayIn(language);
  const { page, context, faults } = await behindProxy.open('/', { language, signedIn: false });
  faults.tolerate(/status of 401|net::ERR_/);
  await signInByForm(page, site.world.operator);
  await readyMain(page).first().waitFor();
  await page.goto('/users');
  const form = await userForm(page, say);
  const username = 'after.late-answer';
  await form.username.fill(username);
  await form.name.fill('Somebody');
  await form.password.fill('long enough for anybody');
  const headers = { origin: behindProxy.address };
  const ended = await context.request.post('/api/auth/sign-out', { data: {}, headers });
  expect(ended.status()).toBe(200);
  // The stream of changes is refused, and the page asks why; the answer takes long.
  const late = new Promise<() => Promise<void>>((resolve) => {
    void page.route(
      WHO,
      async (route) => {
        const response = await route.fetch();
        expect(response.status()).toBe(401);
        resolve(() => route.fulfill({ response }));
      },
      { times: 1 },
    );
  });
  proxy.cut();
  proxy.mend();
  const arrive = await late;
  // Not by the mouse: what else the page asked may have opened the form for signing in above the button already.
  await form.create.dispatchEvent('click');
  const again = page.getByRole('dialog', { name: say('shell.signInAgain'), exact: true });
  await again.locator('input[type="password"]').fill(site.world.operator.password);
  await again.getByRole('button', { name: say('shell.signIn'), exact: true }).click();
  await again.waitFor({ state: 'detached' });
  // It may be the stream's question or the one that another answer led to; only the first is followed by one more.
  const answered = page.waitForResponse((response) => WHO.test(response.url()) && response.status() === 401);
  await arrive();
  await (await answered).finished();
  await form.create.click();
  await page.getByRole('row').filter({ hasText: username }).waitFor();
  expect(await again.count()).toBe(0);
});

/** Who is signed in. */
const WHO = /\/api\/v1\/me$/;

async function userForm(page: Page, say: Say) {
  await page.getByRole('button', { name: say('users.create'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: say('users.createTitle'), exact: true });
  await dialog.getByRole('radio', { name: say('users.passwordTyped'), exact: true }).check();
  return {
    username: dialog.getByLabel(say('users.username')),
    name: dialog
      .getByLabel(say('users.name'), { exact: false })
      .and(dialog.locator('[maxlength="128"]'))
      .first(),
    password: dialog.locator('input[type="password"]'),
    create: dialog.getByRole('button', { name: say('users.act'), exact: true }),
  };
}
