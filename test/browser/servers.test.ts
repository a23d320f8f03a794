/** The list of servers on one database, as a person watches it: who works, who leaves, who left and who was lost. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startNodes, type TestNodes } from '../../packages/server/test/nodes/support.ts';
import { type DatabaseProxy, startProxy } from '../../packages/server/test/server/proxy.ts';
import { type Clock, systemClock } from '../../packages/server/src/base/clock.ts';
import { findConsole } from '../../packages/server/src/http/console.ts';
import { axe } from './support/axe.ts';
import { mark } from './support/steps.ts';
import { openSite, type Site } from './support/site.ts';
import { sayIn } from './support/texts.ts';

const say = sayIn('en');
const DRAIN_MS = 47_000;
/** However slow this machine is, nobody is taken for dead before the test wants it. */
const GONE_MS = 600_000;
const ACCOUNT = { username: 'admin', password: 'a password of our own' };

/** Whoever drains goes on draining until the test has seen it. */
let letGo: () => void = () => {};
const gone = new Promise<void>((resolve) => {
  letGo = resolve;
});
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => (ms === DRAIN_MS ? gone : systemClock.sleep(ms, signal)),
};

let test: TestNodes;
let site: Site;
const proxies: DatabaseProxy[] = [];
beforeAll(async () => {
  test = await startNodes({
    count: 3,
    change: { nodes: { drainMs: DRAIN_MS } },
    parts: { clock, consoleFolder: await findConsole(), registry: { beatMs: 200, goneMs: GONE_MS } },
    via: async (url) => {
      const proxy = await startProxy(url);
      proxies.push(proxy);
      return proxy.url;
    },
  });
  site = await openSite(test.nodes[0].address, ACCOUNT);
});
afterEach(() => site.closePages());
afterAll(async () => {
  letGo();
  await site?.close();
  await test?.stop();
  for (const proxy of proxies) proxy.close();
});

const list = (page: Page): Locator => page.getByRole('table', { name: say('clients.servers'), exact: true });
const rowOf = (page: Page, number: number): Locator =>
  list(page)
    .getByRole('row')
    .filter({ has: page.getByText(test.nodes[number]?.address ?? '', { exact: true }) });
const standing = (page: Page, number: number, name: string): Promise<void> =>
  rowOf(page, number)
    .getByText(say(`clients.standing.${name}`), { exact: true })
    .waitFor();

it('shows who works, leaves, left and was lost, as it happens', async () => {
  const { page, faults } = await site.open('/clients', { language: 'en' });
  const isSame = await mark(page);
  for (const number of [0, 1, 2]) await standing(page, number, 'working');
  await list(page).getByRole('row').nth(3).waitFor();
  expect(await list(page).getByRole('row').count()).toBe(4);
  await rowOf(page, 0).getByText(say('clients.serverAnswering')).waitFor();
  expect(await list(page).getByText(say('clients.serverAnswering')).count()).toBe(1);
  expect(await axe(page)).toEqual([]);

  const left = test.nodes[1].server.stop();
  await standing(page, 1, 'draining');
  letGo();
  await left;
  await standing(page, 1, 'stopped');

  // Frozen, unplugged or killed: nothing is heard of it any more, and that for long.
  proxies[2]?.cut();
  await test.rows(`UPDATE piculus.nodes SET unbroken_since = unbroken_since - interval '1 hour',
    seen_at = CASE address WHEN '${test.nodes[2]?.address}' THEN seen_at - interval '1 hour' ELSE seen_at END`);
  await standing(page, 2, 'lost');
  await standing(page, 0, 'working');
  expect(await isSame()).toBe(true);
  expect(await axe(page)).toEqual([]);
  faults.check();
  proxies[2]?.mend();
});
