/** What came from outside is text on every page: it is read, and never run. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Console, openConsole } from './support/open-console.ts';
import { PAGES, visit } from './support/pages.ts';
import { HOSTILE_TEXT, ORDERS } from './support/second-system.ts';
import { type Seeded, seedEverything } from './support/seed.ts';
import { readyMain } from './support/site.ts';
import { rowOf } from './support/steps.ts';
import { sayIn } from './support/texts.ts';
import { walk } from './support/walk.ts';

const say = sayIn('en');
/** Would mark the window where it were more than text; then no space to break at, then another direction. */
const MARKER = '<script>document.documentElement.dataset.hostile=1</script>';
const IMAGE = '<img src=x onerror="document.documentElement.dataset.hostile=1">';
const LONG = 'x'.repeat(100);
const BACKWARDS = '\u202egnorw si siht';

let site: Console;
let seeded: Seeded;
beforeAll(async () => {
  site = await openConsole({ orders: 100, anomalies: 2 });
  seeded = await seedEverything(site.world);
  const { api } = site.world;
  await api.createUser({
    body: { username: 'hostile', name: `${IMAGE}${BACKWARDS}`, password: 'long enough for anybody' },
  });
  await api.createSystem({ body: { sysCode: 'HOSTILE', name: `${MARKER}${BACKWARDS}` } });
  await api.createSolution({
    body: {
      sysCode: 'PBMS',
      fixCode: 'withdrawTimeoutFixServiceImpl',
      description: `${MARKER}${LONG}${IMAGE}`,
    },
  });
  await api.createView({
    body: { page: 'problems', name: IMAGE.slice(0, 60), query: 'state=closed', shared: true },
  });
  await api.closeProblem({
    params: { id: seeded.exhaustedProblemId },
    body: { reason: `${IMAGE}${LONG}${MARKER}` },
  });
});
afterEach(() => site.closePages());
afterAll(async () => {
  await seeded.stop();
  await site.close();
});

/** @returns whether nothing that was text has become anything else, and the page has kept its width. */
async function isHarmless(page: Page): Promise<string[]> {
  const wrong: string[] = [];
  const ran = await page.evaluate(() => document.documentElement.dataset['hostile'] !== undefined);
  if (ran) wrong.push('it was run');
  const images = await page.locator('img[src="x"], img[onerror], script:not([src])').count();
  if (images > 0) wrong.push('it became an element');
  const overPx = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (overPx > 0) wrong.push(`${overPx} px wider than the window`);
  return wrong;
}

/** Fails the test at a dialog of the browser, which only a script could open. */
function watchDialogs(page: Page): string[] {
  const opened: string[] = [];
  page.on('dialog', (dialog) => {
    opened.push(dialog.message());
    void dialog.dismiss();
  });
  return opened;
}

it('is text wherever it is shown', async () => {
  const { page } = await site.open('/', { language: 'en' });
  const dialogs = watchDialogs(page);
  const reads = async (path: string, text: string): Promise<void> => {
    await walk(page, path);
    await page.getByText(text, { exact: false }).first().waitFor();
    expect(await isHarmless(page), path).toEqual([]);
  };
  await reads(`/problems/${seeded.hostileProblemId}`, HOSTILE_TEXT);
  await reads(`/problems/${seeded.exhaustedProblemId}`, IMAGE);
  await reads('/handling?tab=needs-human', HOSTILE_TEXT);
  await reads('/users', IMAGE);
  await reads('/systems', MARKER);
  await reads('/collect', MARKER);
  const [solution] = (await site.world.api.listSolutions()).items.filter(
    ({ fixCode, sysCode }) => sysCode === 'PBMS' && fixCode === 'withdrawTimeoutFixServiceImpl',
  );
  await walk(page, `/solutions/${solution?.id}`);
  await page.locator('textarea[name="description"]').waitFor();
  expect(await page.locator('textarea[name="description"]').inputValue()).toContain(MARKER);
  expect(await isHarmless(page)).toEqual([]);

  // In the payload of a message, and in the name of a saved view.
  await walk(page, '/messages?sysCode=PBMS');
  const rows = page.getByRole('table', { name: say('messages.caption') }).getByRole('row');
  await rows
    .filter({ hasText: say('messages.types.problems') })
    .getByRole('link')
    .first()
    .click();
  await page
    .getByRole('dialog', { name: say('messages.message') })
    .getByText(/PBMS/)
    .first()
    .waitFor();
  expect(await isHarmless(page)).toEqual([]);
  await walk(page, '/problems');
  await page.getByRole('button', { name: say('problems.views') }).click();
  await page.getByText(IMAGE.slice(0, 60)).first().waitFor();
  expect(await isHarmless(page)).toEqual([]);

  // And what is in an address is no command either.
  await page.goto(`/problems?businessKey=${encodeURIComponent(IMAGE)}&state=${encodeURIComponent(MARKER)}`);
  await readyMain(page).first().waitFor();
  expect(await isHarmless(page)).toEqual([]);
  expect(dialogs).toEqual([]);
});

it('changes no page', async () => {
  const { page } = await site.open('/', { language: 'zh-CN' });
  const dialogs = watchDialogs(page);
  for (const listed of PAGES.filter(({ signedIn }) => signedIn)) {
    await visit(page, listed, seeded);
    expect(await isHarmless(page), listed.name).toEqual([]);
  }
  expect(dialogs).toEqual([]);
});

it('is searched for as it is written', async () => {
  const { page } = await site.open('/', { language: 'en' });
  await page.getByLabel(say('shell.search')).fill(ORDERS.hostile.businessKey);
  await page.keyboard.press('Enter');
  await rowOf(page, ORDERS.hostile.businessKey).waitFor();
  await page.getByLabel(say('shell.search')).fill(`'; DROP TABLE problems; --`);
  await page.keyboard.press('Enter');
  await page.getByText(say('common.emptyFiltered'), { exact: true }).waitFor();
});
