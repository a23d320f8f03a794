/**
 * Every page in both languages and both themes: it opens, breaks nothing, and shuts nobody out. Each page is looked
 * at in light Chinese, opened by its address, and in dark English, come to from the page before it: each language and
 * each theme once. A few that use nearly all parts of the console are looked at in all four.
 */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { PAGES, visit } from './support/pages.ts';
import { type Seeded, seedEverything } from './support/seed.ts';
import { PHONE, type PageOptions, readyMain, WIDE } from './support/site.ts';

const CROSSED = [
  { language: 'zh-CN', theme: 'light', byAddress: true },
  { language: 'en', theme: 'dark', byAddress: false },
] as const;
const THE_OTHERS = [
  { language: 'zh-CN', theme: 'dark', byAddress: false },
  { language: 'en', theme: 'light', byAddress: false },
] as const;
const IN_ALL_FOUR = ['home', 'handling', 'problem', 'solution'];

/** What is wrong with one row of a table is wrong with all. */
const FEW = { orders: 100, anomalies: 2 } as const;

let site: Console;
let seeded: Seeded;
beforeAll(async () => {
  site = await openConsole(FEW);
  seeded = await seedEverything(site.world);
});
afterEach(() => site.closePages());
afterAll(async () => {
  await seeded.stop();
  await site.close();
});

type Look = (typeof CROSSED | typeof THE_OTHERS)[number];

/** One window goes from page to page, as a person does; what is wrong with one of them names it. */
async function lookThrough(
  look: Look & Pick<PageOptions, 'signedIn'>,
  pages: typeof PAGES,
): Promise<Record<string, string[]>> {
  const wrong: Record<string, string[]> = {};
  const { page, faults } = await site.open('/', look);
  for (const listed of pages) {
    const { name, onCall } = listed;
    if (look.byAddress) {
      await page.goto(listed.path(seeded));
      await readyMain(page).first().waitFor();
    } else await visit(page, listed, seeded);
    const found = await lookAt(page, look.language, onCall);
    if (found.length > 0) wrong[name] = found;
    expect(() => faults.check(), name).not.toThrow();
  }
  return wrong;
}

async function lookAt(page: Page, language: string, onCall: boolean): Promise<string[]> {
  const found = await axe(page);
  if ((await page.locator('html').getAttribute('lang')) !== language) found.push('says another language');
  found.push(...(await tooWide(page)));
  if (!onCall) return found;
  await page.setViewportSize(PHONE);
  found.push(...(await tooWide(page)), ...(await axe(page)));
  await page.setViewportSize(WIDE);
  return found;
}

async function tooWide(page: Page): Promise<string[]> {
  const overPx = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  return overPx > 0 ? [`${overPx} px wider than the window`] : [];
}

const SIGNED_IN = PAGES.filter(({ signedIn }) => signedIn);
const BEFORE = PAGES.filter(({ signedIn }) => !signedIn);

describe.each(CROSSED)('in $language and $theme', (look) => {
  it('no page shuts anybody out, breaks or is wider than the window', async () => {
    expect(await lookThrough(look, SIGNED_IN)).toEqual({});
  });

  it('nor does any before signing in', async () => {
    expect(await lookThrough({ ...look, signedIn: false }, BEFORE)).toEqual({});
  });
});

it.each(THE_OTHERS)('nor do the great ones in $language and $theme', async (look) => {
  const pages = PAGES.filter(({ name }) => IN_ALL_FOUR.includes(name));
  expect(pages.length).toBe(IN_ALL_FOUR.length);
  expect(await lookThrough(look, pages)).toEqual({});
});
