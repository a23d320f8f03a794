/**
 * More than 300 texts that would be scripts on a careless page, through every field that comes from outside, on every
 * page that shows it. First in a browser that enforces no policy, so that one which got through would really run;
 * then with the policy, which finds nothing to forbid. Lists hold every text in each run; of the pages that show one
 * record each, as many are opened as hold every text together, of addresses and types every twelfth, and all of them
 * with `PICULUS_PAYLOADS=all`.
 */
import { CLIENT_MESSAGES, SERVER_MESSAGES } from '@piculus/protocol';
import { API_PREFIX, PROBLEMS_CSV_PATH } from '@piculus/protocol/http';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../packages/server/test/http/parse-csv.ts';
import { ASKED, PAYLOADS } from '../security/payloads.ts';
import { PAYLOADS_OF_A_PROBLEM } from './support/hostile-client.ts';
import { type Hostile, openHostile } from './support/hostile.ts';
import { readyMain, WIDE, WITHIN_MS } from './support/site.ts';
import { turnTo, walk } from './support/walk.ts';

/** One page for each text takes minutes, and the parts that draw a record are the same for all. */
const opened = <T>(all: readonly T[]): readonly T[] =>
  process.env['PICULUS_PAYLOADS'] === 'all'
    ? all
    : all.filter((_, index) => index % PAYLOADS_OF_A_PROBLEM === 0);
let hostile: Hostile;
beforeAll(async () => {
  hostile = await openHostile();
}, 300_000);
afterEach(() => hostile.site.closePages());
afterAll(() => hostile.stop());

declare global {
  interface Window {
    pwn?: () => void;
    pwned?: boolean;
  }
}

interface Watched {
  readonly page: Page;
  /** What has happened that only a script, or an element that came out of a text, could have done. */
  readonly happened: string[];
}

async function watch(context: BrowserContext): Promise<Watched> {
  const happened: string[] = [];
  await context.addInitScript(() => {
    window.pwn = () => {
      window.pwned = true;
    };
  });
  const own = new URL(hostile.site.address).origin;
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== own && protocol !== 'data:') happened.push(`asked for ${request.url()}`);
  });
  const page = await context.newPage();
  page.on('dialog', (dialog) => {
    happened.push(`opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => happened.push('opened a window'));
  page.on('pageerror', (error) => happened.push(`uncaught: ${error.message}`));
  return { page, happened };
}

/** Signed in, in a browser that lets every script run. */
async function withoutPolicy(): Promise<Watched> {
  const { context } = await hostile.site.newWindow({ language: 'en' });
  const storageState = await context.storageState();
  const free = await hostile.site.browser.newContext({
    baseURL: hostile.site.address,
    storageState,
    bypassCSP: true,
    locale: 'en-US',
    viewport: WIDE,
    reducedMotion: 'reduce',
  });
  free.setDefaultTimeout(WITHIN_MS);
  return watch(free);
}

async function withPolicy(language: 'en' | 'zh-CN' = 'en'): Promise<Watched> {
  const { context } = await hostile.site.newWindow({ language });
  return watch(context);
}

/** What a text has become beside a text. */
async function wrongIn({ page, happened }: Watched): Promise<string[]> {
  const found = await page.evaluate((asked) => {
    const wrong: string[] = [];
    if (window.pwned === true) wrong.push('a script ran');
    const foreign = [
      'script:not([src])',
      'iframe,object,embed,base,frame,frameset,portal,marquee,template,plaintext,math,foreignObject,x-evil',
      'body style,body link,body meta,body title,body base',
      'img:not([src^="/"]):not([src^="data:image/"])',
      `[src*="${asked}"],[action],[formaction],[srcdoc],[popover="x"]`,
    ].join(',');
    for (const element of document.querySelectorAll(foreign))
      wrong.push(`there is ${element.outerHTML.slice(0, 200)}`);
    for (const element of document.querySelectorAll('*'))
      for (const { name, value } of element.attributes) {
        if (name.startsWith('on')) wrong.push(`a handler ${name} on ${element.tagName}`);
        if (!/^(xlink:)?href$/.test(name)) continue;
        const { origin, protocol } = new URL(value, document.baseURI);
        if (origin !== location.origin && protocol !== 'blob:')
          wrong.push(`a link to ${value.slice(0, 100)}`);
      }
    const over = document.documentElement.scrollWidth - window.innerWidth;
    if (over > 0) wrong.push(`${over} px wider than the window`);
    return wrong;
  }, ASKED);
  return [...new Set([...happened, ...found])];
}

/** The pages of long lists that come after the first one. */
async function furtherPages(): Promise<string[]> {
  const { api } = hostile;
  const lists = {
    '/problems': (query: { after?: string }) => api.listProblems({ query }),
    '/executions': (query: { after?: string }) => api.listExecutions({ query }),
    '/audit': (query: { after?: string }) => api.listAudit({ query }),
  };
  const found: string[] = [];
  for (const [path, read] of Object.entries(lists)) {
    let { next } = await read({});
    while (next !== null && found.length < PAGES_MAX) {
      found.push(`${path}?after=${encodeURIComponent(next)}`);
      ({ next } = await read({ after: next }));
    }
  }
  return found;
}

/** What clients and servers say to each other. Of other messages the server keeps what their senders called them. */
const KNOWN_TYPES = new Set([...Object.keys(CLIENT_MESSAGES), ...Object.keys(SERVER_MESSAGES)]);
const FORGED_TYPES_MIN = 100;
/** More than the payloads fill. */
const PAGES_MAX = 60;
const paths = (): string[] => [
  '/',
  '/collect',
  '/handling',
  '/handling?tab=needs-human',
  '/problems',
  '/bulk-runs',
  ...hostile.bulkRunIds.map((id) => `/bulk-runs/${id}`),
  '/collections',
  ...hostile.collectionIds.map((id) => `/collections/${id}`),
  '/executions',
  '/executions?tab=done',
  '/messages',
  '/clients',
  '/solutions',
  `/solutions/${hostile.solutionId}`,
  '/users',
  '/systems',
  '/audit',
  '/limits',
  '/approvals',
  '/approval-policy',
  '/roles',
  '/account',
];

const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
async function shown(page: Page): Promise<string> {
  return flat((await page.locator('main').first().textContent()) ?? '');
}

describe('a text from outside', () => {
  it('is one of more than 300', () => {
    expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(300);
    expect(hostile.problemIds.length).toBe(PAYLOADS.length);
  });

  it('is read and not run as order number, fact, reason of a fix and of a person, on its page', async () => {
    const watched = await withoutPolicy();
    const { page } = watched;
    await page.goto('/problems');
    await readyMain(page).first().waitFor();
    for (const id of opened(hostile.problemIds)) {
      const problem = await hostile.api.getProblem({ params: { id } });
      await walk(page, `/problems/${id}`);
      await page
        .getByRole('heading', { level: 1 })
        .filter({ hasText: flat(problem.businessKey) })
        .waitFor();
      const text = await shown(page);
      const said = [
        problem.businessKey,
        ...problem.contradictions,
        ...Object.values(problem.facts).flatMap(({ state, fields }) => [
          state,
          ...Object.keys(fields),
          ...Object.values(fields).map(String),
        ]),
        ...problem.executions.map(({ reason }) => reason),
        ...problem.history.flatMap((entry) =>
          'reason' in entry && entry.reason !== null ? [entry.reason] : [],
        ),
      ];
      expect([id, said.filter((one) => !text.includes(flat(one)))]).toEqual([id, []]);
      expect([problem.businessKey, await wrongIn(watched)]).toEqual([problem.businessKey, []]);
    }
    await page.context().close();
  }, 600_000);

  it.each([
    ['in English, where nothing would stop a script', withoutPolicy, furtherPages],
    ['in Chinese, where the policy finds nothing to stop', () => withPolicy('zh-CN'), async () => []],
  ])(
    'changes no list and no page, %s',
    async (_, open, further) => {
      const watched = await open();
      const { page } = watched;
      const wrong: Record<string, string[]> = {};
      await page.goto('/');
      await readyMain(page).first().waitFor();
      for (const path of [...paths(), ...(await further())]) {
        await walk(page, path);
        const found = await wrongIn(watched);
        if (found.length > 0) wrong[path] = found;
      }
      expect(wrong).toEqual({});
      await page.context().close();
    },
    300_000,
  );

  it('is read and not run in a preview, as the key of an effect, and in a message', async () => {
    const watched = await withoutPolicy();
    const { page } = watched;
    await page.goto(`/problems/${hostile.previewId}`);
    await readyMain(page).first().waitFor();
    await page
      .getByRole('button', { name: /^Preview/ })
      .first()
      .click();
    await page
      .getByText(PAYLOADS[0] ?? '')
      .first()
      .waitFor();
    expect(await wrongIn(watched)).toEqual([]);
    for (const id of opened(hostile.repairedIds)) {
      await walk(page, `/problems/${id}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect([id, await wrongIn(watched)]).toEqual([id, []]);
    }
    const { items } = await hostile.api.listMessages({ query: { limit: 500 } });
    const kinds = new Map(items.map((message) => [`${message.type} ${message.state}`, message]));
    const [known, forged] = [true, false].map((isKnown) =>
      [...kinds.values()].filter(({ type }) => KNOWN_TYPES.has(type) === isKnown),
    );
    expect(known?.length).toBeGreaterThan(0);
    expect(forged?.length).toBeGreaterThan(FORGED_TYPES_MIN);
    await walk(page, '/messages');
    for (const { id, messageId, at, type } of [...(known ?? []), ...opened(forged ?? [])]) {
      await turnTo(page, `/messages?${new URLSearchParams({ open: messageId, openAt: at, openNumber: id })}`);
      const dialog = page.getByRole('dialog');
      // Forged messages all have one id, so that only what they are called tells them apart.
      await dialog
        .filter({ hasText: messageId })
        .filter({ hasText: flat(type) })
        .waitFor();
      expect([type, await wrongIn(watched)]).toEqual([type, []]);
    }
    await page.context().close();
  }, 300_000);

  it('is read and not run as the name of a view, and in an address', async () => {
    const names = [...new Set(PAYLOADS.map((payload) => payload.slice(0, 60).toWellFormed().trim()))];
    for (const name of names.filter((one) => one !== ''))
      await hostile.api.createView({ body: { page: 'problems', name, query: 'state=closed', shared: true } });
    const watched = await withoutPolicy();
    const { page } = watched;
    await page.goto('/problems');
    await readyMain(page).first().waitFor();
    await page.getByRole('button', { name: 'Views', exact: false }).first().click();
    await page
      .getByText(names[0] ?? '')
      .first()
      .waitFor();
    expect(await wrongIn(watched)).toEqual([]);
    for (const payload of opened(PAYLOADS)) {
      const said = encodeURIComponent(payload.toWellFormed());
      await turnTo(page, `/problems?businessKey=${said}&state=${said}&after=${said}&open=${said}#${said}`);
      await readyMain(page).first().waitFor();
    }
    expect(await wrongIn(watched)).toEqual([]);
    await page.context().close();
  }, 300_000);

  it('is a text in the file for a spreadsheet', async () => {
    const { test, api } = hostile;
    const response = await fetch(`${test.address}${API_PREFIX}${PROBLEMS_CSV_PATH}`, {
      headers: { authorization: `Bearer ${test.token}` },
    });
    const [head = [], ...rows] = parseCsv((await response.text()).replace(/^\uFEFF/, ''));
    const { items } = await api.listProblems({ query: { limit: 500 } });
    expect(rows.length).toBe(items.length);
    const cells = new Set(rows.flat().map((cell) => cell.replace(/^'/, '')));
    for (const { businessKey } of items) expect(cells).toContain(businessKey);
    for (const row of rows) {
      expect(row.length).toBe(head.length);
      for (const cell of row)
        expect([
          cell,
          /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell) && !/^[+-]?\d+(\.\d+)?$/.test(cell),
        ]).toEqual([cell, false]);
    }
  });

  it('is read and not run in case files', async () => {
    const watched = await withoutPolicy();
    const { page } = watched;
    for (const id of opened(hostile.problemIds)) {
      const { businessKey } = await hostile.api.getProblem({ params: { id } });
      await page.goto(`${API_PREFIX}/problems/${id}/case-file.html`);
      const heading = (await page.locator('h1').textContent()) ?? '';
      const turned = businessKey.replaceAll(
        /[\u202A-\u202E\u2066-\u2069\u200E\u200F]/g,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).toUpperCase()}`,
      );
      expect(flat(heading)).toContain(flat(turned));
      expect([businessKey, await wrongIn(watched)]).toEqual([businessKey, []]);
    }
    await page.context().close();
  }, 300_000);
});
