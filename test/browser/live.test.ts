/** What is on the screen follows the server by itself: over two windows, a lost connection, a restart and a flood. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient, defineCollector, defineFix } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import type { Facts } from '@piculus/protocol';
import type { Problem } from '@piculus/protocol/http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type DatabaseProxy, startProxy } from '../../packages/server/test/server/proxy.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { ASK_MS, openSite, type Site } from './support/site.ts';
import { confirm, mark } from './support/steps.ts';
import { money, sayIn } from './support/texts.ts';
import { WITHIN_MS } from './support/world.ts';

const say = sayIn('en');
let site: Console;
let proxy: DatabaseProxy;
/** The same console behind a connection that can be cut. */
let behindProxy: Site;
let problems: Problem[];
beforeAll(async () => {
  site = await openConsole();
  proxy = await startProxy(site.address);
  behindProxy = await openSite(proxy.url.replace(/\/$/, ''), site.world.operator, site.browser);
  await site.world.collect(['PBAP']);
  problems = (await site.world.api.listProblems({ query: { waitReason: ['manual'], limit: 500 } })).items;
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

function next(): Problem {
  const problem = problems.pop();
  if (problem === undefined) throw new Error('no problem is left');
  return problem;
}

const badge = (page: Page, state: 'live' | 'lost') => page.locator(`.live-badge[data-state="${state}"]`);
const stateOf = (page: Page) => page.locator('.problem-badges');
const isNow = (page: Page, state: string) =>
  stateOf(page)
    .getByText(say(`words.state.${state}`), { exact: true })
    .waitFor();

it('shows in one window what was done in another', async () => {
  const problem = next();
  const { page: one } = await site.open(`/problems/${problem.id}`, { language: 'en' });
  const { page: other } = await site.open(`/problems/${problem.id}`, { language: 'en' });
  const { page: list } = await site.open(`/handling?tab=manual`, { language: 'en' });
  const same = await Promise.all([mark(other), mark(list)]);
  const row = list.getByRole('link', { name: problem.businessKey, exact: true });
  await row.waitFor();
  await isNow(other, 'pending');

  await one.getByRole('button', { name: say('problem.act.close'), exact: true }).click();
  const act = say('problem.act.closeAmount', { amount: money(problem.amountMinor, problem.currency) });
  await confirm(one, say, { act, reason: 'the customer was paid at the counter' });
  await isNow(other, 'closed');
  await other.getByText('the customer was paid at the counter').first().waitFor();
  await row.waitFor({ state: 'detached' });
  for (const isSame of same) expect(await isSame()).toBe(true);
});

it('says that the connection is lost, and afterwards shows what happened meanwhile', async () => {
  const problem = next();
  const { page, faults } = await behindProxy.open(`/problems/${problem.id}`, { language: 'en' });
  faults.tolerate(/net::ERR_/);
  const isSame = await mark(page);
  await badge(page, 'live').getByText(say('shell.live'), { exact: true }).waitFor();
  proxy.cut();
  await badge(page, 'lost').getByText(say('shell.lost'), { exact: true }).waitFor();
  await site.world.api.closeProblem({ params: { id: problem.id }, body: { reason: 'while nobody saw it' } });
  await isNow(page, 'pending');
  proxy.mend();
  await badge(page, 'live').waitFor();
  await isNow(page, 'closed');
  await page.getByText('while nobody saw it').first().waitFor();
  expect(await isSame()).toBe(true);
});

it('does so too when the server was started anew', async () => {
  const problem = next();
  const { page, faults } = await site.open(`/problems/${problem.id}`, { language: 'en' });
  faults.tolerate(/net::ERR_|status of 50[23]/);
  const isSame = await mark(page);
  await badge(page, 'live').waitFor();
  const program = await site.world.children.kill('server');
  await badge(page, 'lost').waitFor();
  await site.world.children.start(program);
  await site.world.api.closeProblem({ params: { id: problem.id }, body: { reason: 'just after the start' } });
  await badge(page, 'live').waitFor();
  await isNow(page, 'closed');
  await page.getByText('just after the start').first().waitFor();
  expect(await isSame()).toBe(true);
});

/** Several, because a client sends what it finds in few messages: each message is an event of its own. */
const FLOODING = ['FLOOD-1', 'FLOOD-2', 'FLOOD-3', 'FLOOD-4', 'FLOOD-5'];
const FLOOD = { fixCode: 'floodFixServiceImpl', perSecond: 500, seconds: 10 } as const;
const REPORTS_PER_SECOND = 10;
const EVENTS_MIN = 50;
const REQUESTS_PER_SECOND_MAX = 3;

it('stays quick while five hundred problems a second are reported', async () => {
  const { world } = site;
  const clients: Client[] = [];
  for (const sysCode of FLOODING) {
    const keys = await world.api.createSystem({ body: { sysCode, name: sysCode } });
    clients.push(floodingClient(world.address, sysCode, keys));
  }
  for (const client of clients) client.start();
  try {
    await world.changes.until('the flooding clients connect', WITHIN_MS, async () => {
      const { items } = await world.api.listClients();
      return (
        items.filter(({ connected, sysCode }) => connected && FLOODING.includes(sysCode)).length ===
        clients.length
      );
    });
    const { page } = await site.open('/problems', { language: 'en' });
    const isSame = await mark(page);
    const events = await countEvents(page);
    const asked = await timesAsked(page);
    const flooding = world.collect(FLOODING);
    await page.waitForFunction(() => Number(document.documentElement.dataset['events']) > 20, null, {
      polling: ASK_MS,
    });

    // Each click shows its effect while the flood goes on.
    await chooseAll(page);
    for (const name of ['solutions', 'problems']) {
      const link = page
        .getByRole('navigation')
        .getByRole('link', { name: say(`shell.${name}`), exact: true });
      await link.click();
      await page.getByRole('heading', { level: 1, name: say(`shell.${name}`), exact: true }).waitFor();
    }

    const { commands } = await flooding;
    const total = FLOOD.perSecond * FLOOD.seconds;
    expect(commands.reduce((sum, { problemsNew }) => sum + problemsNew, 0)).toBe(total);
    expect(await events()).toBeGreaterThan(EVENTS_MIN);
    for (const [path, times] of asked)
      expect(mostInOneSecond(times), path).toBeLessThanOrEqual(REQUESTS_PER_SECOND_MAX);
    // Nothing was missed: the last one that was reported stands in the list.
    const [last] = (await world.api.listProblems({ query: { limit: 1 } })).items;
    await page.getByRole('link', { name: last?.businessKey ?? '', exact: true }).waitFor();
    expect(await isSame()).toBe(true);
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
});

/** Selects the rows of the page and lets them go again. */
async function chooseAll(page: Page): Promise<void> {
  const all = page.getByRole('checkbox', { name: say('common.selectAllOnPage'), exact: true });
  await all.click();
  await page.getByRole('button', { name: say('common.deselect'), exact: true }).click();
  await all.and(page.getByRole('checkbox', { checked: false })).waitFor();
}

/** @returns how many live events came since, as the page's own stream counts them. */
async function countEvents(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const { dataset } = document.documentElement;
    dataset['events'] = '0';
    new EventSource('/api/v1/events').addEventListener('change', () => {
      dataset['events'] = String(Number(dataset['events']) + 1);
    });
  });
  return () => page.evaluate(() => Number(document.documentElement.dataset['events']));
}

/** @returns when the page asks for what, by the browser's own clock: a busy machine hears here of many at once. */
async function timesAsked(page: Page): Promise<ReadonlyMap<string, readonly number[]>> {
  const asked = new Map<string, number[]>();
  const network = await page.context().newCDPSession(page);
  network.on('Network.requestWillBeSent', ({ request, wallTime }) => {
    const { pathname } = new URL(request.url);
    asked.set(pathname, [...(asked.get(pathname) ?? []), wallTime * 1_000]);
  });
  await network.send('Network.enable');
  return asked;
}

/** @param times in milliseconds, rising. */
function mostInOneSecond(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
}

/** A system that finds its share of five hundred problems a second for ten seconds, at an even pace. */
function floodingClient(
  url: string,
  sysCode: string,
  { key, serverKeys }: { readonly key: string; readonly serverKeys: readonly string[] },
): Client {
  const { fixCode } = FLOOD;
  const perReport = FLOOD.perSecond / REPORTS_PER_SECOND / FLOODING.length;
  return createClient({
    url,
    systemKey: key,
    serverKeys,
    application: { name: sysCode, version: '1.0.0' },
    journal: memoryJournal<null>(),
    places: 1,
    fixes: [
      {
        collector: defineCollector({
          fixCode,
          async collect({ windowTo, report, scanned }) {
            const began = performance.now();
            const facts = factsAt(windowTo);
            for (let part = 0; part < FLOOD.seconds * REPORTS_PER_SECOND; part++) {
              const due = began + (part * 1_000) / REPORTS_PER_SECOND;
              // The pace of the load, not a wait for something to happen.
              await pause(Math.max(0, due - performance.now()));
              const found = Array.from({ length: perReport }, (_, index) => ({
                businessKey: `${sysCode}-${part * perReport + index}`,
                scenario: 'C1' as const,
                handling: 'fix' as const,
                amountMinor: '100',
                currency: 'CNY',
                occurredAt: windowTo.toISOString(),
                outOfPocket: 'customer' as const,
                contradictions: ['order.state', 'ledger.state'],
                facts,
              }));
              await report(found);
              scanned(found.length);
            }
            const reachesTo = windowTo.toISOString();
            return {
              complete: true,
              feeds: (['order', 'ledger', 'bank'] as const).map((side) => ({
                side,
                reachesTo,
                complete: true,
              })),
            };
          },
        }),
        fix: defineFix<null, never, null>({
          fixCode,
          examine: async () => null,
          facts: () => factsAt(new Date()),
          plan: () => ({ verdict: 'not-yet', scenario: 'C1', reason: 'it only floods' }),
          apply: async () => ({ result: 'continue' }),
        }),
      },
    ],
  });
}

function factsAt(at: Date): Facts {
  const side = (state: string, source: string) => ({
    state,
    source,
    observedAt: at.toISOString(),
    fields: {},
  });
  return {
    order: side('SUCCESS', 'orders'),
    ledger: side('none', 'postings'),
    bank: side('paid', 'statement'),
  };
}
