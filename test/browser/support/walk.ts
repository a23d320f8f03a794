/** From page to page without loading the program again, as a click on a link goes. */
import type { Page } from 'playwright-core';

/** There is no such page, and saying so needs nothing from the server. */
const BETWEEN = '/-';

/** Changes the address, and waits for nothing. */
export async function turnTo(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    for (const main of document.querySelectorAll('main')) main.dataset['left'] = '';
    window.history.pushState({ idx: 1, key: to }, '', to);
    window.dispatchEvent(new PopStateEvent('popstate', { state: { idx: 1, key: to } }));
  }, path);
}

/**
 * Waits until the page at the address is usable, which must be one that there is. The way goes over another page, so
 * that nothing on the screen is left over from a page of the same kind.
 */
export async function walk(page: Page, path: string): Promise<void> {
  await turnTo(page, BETWEEN);
  await page.locator('main:not([data-left])').first().waitFor();
  await turnTo(page, path);
  await page.locator('main[data-ready="true"]:not([data-left])').first().waitFor();
}
