/** What a person does on many pages. */
import type { Locator, Page } from 'playwright-core';
import { readyMain } from './site.ts';
import { beginning, type Say } from './texts.ts';

/** Through the menu, by a click. `name` is the entry's key in the console's texts. */
export async function goTo(page: Page, say: Say, name: string): Promise<void> {
  const menu = page.getByRole('navigation', { name: say('shell.menu'), exact: true });
  await menu.getByRole('link', { name: beginning(say(`shell.${name}`)) }).click();
  await page.getByRole('heading', { level: 1, name: say(`shell.${name}`), exact: true }).waitFor();
  await readyMain(page).first().waitFor();
}

export async function signOut(page: Page, say: Say, username: string): Promise<void> {
  await page.getByRole('banner').getByRole('button').filter({ hasText: username }).click();
  await page.getByRole('menuitem', { name: say('shell.signOut'), exact: true }).click();
  await page.locator('input[autocomplete="username"]').waitFor();
}

/** The question before an act: gives the reason and presses the button that repeats the act. */
export async function confirm(
  page: Page,
  say: Say,
  answer: { readonly act: string; readonly reason?: string },
): Promise<void> {
  const dialog = page.getByRole('dialog');
  if (answer.reason !== undefined) await dialog.getByLabel(say('common.reason')).fill(answer.reason);
  await dialog.getByRole('button', { name: answer.act, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** The row of a list that is about this order. */
export function rowOf(page: Page | Locator, businessKey: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name: businessKey, exact: true }) });
}

/** Marks the page, so that `isSame` tells whether it was loaded anew since. */
export async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => document.documentElement.setAttribute('data-test-mark', 'here'));
  return () => page.evaluate(() => document.documentElement.getAttribute('data-test-mark') === 'here');
}
