/** The whole way from signing in to a repaired payment with the keyboard alone. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Console, openConsole } from './support/open-console.ts';
import { readyMain } from './support/site.ts';
import { money, sayIn } from './support/texts.ts';
import { WITHIN_MS } from './support/world.ts';

const say = sayIn('en');
const TABS_MAX = 80;

let site: Console;
beforeAll(async () => {
  site = await openConsole();
  await site.world.collect(['PBAP']);
});
afterEach(() => site.closePages());
afterAll(() => site.close());

const hasFocus = (what: Locator): Promise<boolean> =>
  what.evaluate((element) => element === document.activeElement);

/** Goes forward until it has the focus. @throws where it cannot be reached. */
async function tabTo(page: Page, what: Locator): Promise<void> {
  await what.waitFor();
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    if (await hasFocus(what)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`cannot be reached by keys: ${what}`);
}

async function focused(page: Page, what: Locator): Promise<void> {
  await what.and(page.locator(':focus')).waitFor();
}

it('repairs a payment, and finds its way without a mouse', async () => {
  const { page } = await site.open('/', { language: 'en', signedIn: false });
  await tabTo(page, page.locator('input[autocomplete="username"]'));
  await page.keyboard.type(site.world.operator.username);
  await page.keyboard.press('Tab');
  await page.keyboard.type(site.world.operator.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: say('shell.home'), exact: true }).waitFor();
  await readyMain(page).first().waitFor();

  // What comes first is the way past the menu; it is seen when it has the focus.
  await page.reload();
  await readyMain(page).first().waitFor();
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: say('shell.skip'), exact: true });
  expect(await hasFocus(skip)).toBe(true);
  const box = await skip.boundingBox();
  expect(box?.y ?? -1).toBeGreaterThanOrEqual(0);
  await page.keyboard.press('Enter');
  await focused(page, page.locator('#content'));

  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await page.getByRole('heading', { level: 1, name: say('shell.handling'), exact: true }).waitFor();
  await readyMain(page).first().waitFor();
  const rows = page.getByRole('table', { name: say('handling.caption') }).locator('a.business-key');
  const first = rows.nth(0);
  const second = rows.nth(1);
  await tabTo(page, first);
  await page.keyboard.press('Enter');
  const detail = page.getByRole('complementary', { name: say('problems.drawer'), exact: true });
  await detail.getByRole('heading', { name: await first.innerText(), exact: true }).waitFor();
  await page.keyboard.press('j');
  const businessKey = await second.innerText();
  await detail.getByRole('heading', { name: businessKey, exact: true }).waitFor();
  await focused(page, second);
  await page.keyboard.press('k');
  await focused(page, first);
  await page.keyboard.press('j');
  await focused(page, second);
  // Faster than any page is drawn: what counts is what was asked for last, not what is shown.
  await page.evaluate(() => {
    for (const key of ['k', 'j', 'k', 'j'])
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });
  await focused(page, second);

  const [problem] = (await site.world.api.listProblems({ query: { businessKey } })).items;
  if (problem === undefined) throw new Error(`${businessKey} is not known`);
  await detail.getByRole('heading', { name: businessKey, exact: true }).waitFor();
  // Once more on the row: into the detail, past all other rows.
  await page.keyboard.press('Enter');
  await focused(page, detail);
  await tabTo(page, detail.getByRole('button', { name: say('problem.act.run'), exact: true }));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', {
    name: say('problem.act.runTitle', { order: businessKey }),
    exact: true,
  });
  await focused(page, dialog.getByRole('textbox'));
  // Keys of the console are letters here.
  await page.keyboard.type('? / g h by keys');
  const act = say('problem.act.runAmount', { amount: money(problem.amountMinor, problem.currency) });
  await tabTo(page, dialog.getByRole('button', { name: act, exact: true }));
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await focused(page, detail.getByRole('status').filter({ hasText: say('problem.act.asked') }));
  await site.world.changes.until('the fix ends', WITHIN_MS, async () => {
    const { attempts } = await site.world.api.getProblem({ params: { id: problem.id } });
    return attempts > 0;
  });
  await detail.getByText('? / g h by keys').first().waitFor();

  await page.keyboard.press('Escape');
  await detail.waitFor({ state: 'detached' });
  await focused(page, page.getByRole('link', { name: businessKey, exact: true }));
});

it('opens the help and the search, and gives the focus back', async () => {
  const { page } = await site.open('/problems', { language: 'en' });
  const first = page
    .getByRole('table', { name: say('problems.caption') })
    .locator('a.business-key')
    .first();
  await tabTo(page, first);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: say('shell.keys'), exact: true });
  await help.getByText(say('shell.keysGo', { page: say('shell.handling') }), { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await focused(page, first);

  const businessKey = await first.innerText();
  await page.keyboard.press('/');
  await focused(page, page.getByLabel(say('shell.search')));
  await page.keyboard.type(businessKey);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/problems?businessKey=${businessKey}`);
  await page.getByRole('link', { name: businessKey, exact: true }).waitFor();
});
