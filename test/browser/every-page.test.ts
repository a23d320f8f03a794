/** Every page in both languages and both themes: it opens, breaks nothing, and shuts nobody out. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { PAGES } from './support/pages.ts';
import { type Seeded, seedEverything } from './support/seed.ts';
import { PHONE } from './support/site.ts';

let site: Console;
let seeded: Seeded;
beforeAll(async () => {
  site = await openConsole();
  seeded = await seedEverything(site.world);
});
afterEach(() => site.closePages());
afterAll(async () => {
  await seeded.stop();
  await site.close();
});

describe.each(PAGES)('$name', ({ path, signedIn, onCall }) => {
  it.each([
    ['zh-CN', 'light'],
    ['zh-CN', 'dark'],
    ['en', 'light'],
    ['en', 'dark'],
  ] as const)('shuts nobody out, in %s and %s', async (language, theme) => {
    const { page } = await site.open(path(seeded), { language, theme, signedIn });
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    expect(await axe(page)).toEqual([]);
  });

  it('is as wide as the window, and on call as narrow as a phone', async () => {
    const { page } = await site.open(path(seeded), { language: 'en', signedIn });
    const overflowPx = (): Promise<number> =>
      page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(await overflowPx()).toBeLessThanOrEqual(0);
    if (!onCall) return;
    await page.setViewportSize(PHONE);
    expect(await overflowPx()).toBeLessThanOrEqual(0);
    expect(await axe(page)).toEqual([]);
  });
});
