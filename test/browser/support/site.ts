/** A real Chromium and the pages that a test opens in it. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { type Faults, watchFaults } from './faults.ts';

export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface PageOptions {
  /** What the browser says its person reads. */
  readonly language?: 'zh-CN' | 'en';
  readonly theme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
  /** False: nobody is signed in. */
  readonly signedIn?: boolean;
}

export interface Window {
  readonly context: BrowserContext;
  readonly faults: Faults;
}

export interface OpenPage extends Window {
  readonly page: Page;
}

export interface Site {
  readonly address: string;
  readonly browser: Browser;
  /** A window of its own, with an empty cache and nothing opened yet. */
  newWindow(options?: PageOptions): Promise<Window>;
  /** Opens an address of the console in a window of its own and waits until the page is usable. */
  open(path?: string, options?: PageOptions): Promise<OpenPage>;
  /** Ends the test's windows. @throws with what went wrong in any of them. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** An operator's screen, and a phone on call. */
export const WIDE = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;
const LOCALES = { 'zh-CN': 'zh-CN', en: 'en-US' } as const;
const WITHIN_MS = 15_000;

/** As root there is no sandbox to be had. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.TEST_CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** The main part of a page says when it has what it shows first. */
export const readyMain = (page: Page): Locator => page.locator('main[data-ready="true"]');

/** Fills in the form that is on the page. */
export async function signInByForm(page: Page, { username, password }: Account): Promise<void> {
  const form = page.locator('form').filter({ has: page.locator('input[type="password"]') });
  await form.locator('input[autocomplete="username"]').fill(username);
  await form.locator('input[type="password"]').fill(password);
  await form.locator('button[type="submit"]').click();
  await form.waitFor({ state: 'detached' });
}

/** The first sign-in, with a password that somebody else made: the form for another one comes before everything. */
export async function signInFirstByForm(page: Page, account: Account, password: string): Promise<void> {
  await page.locator('input[autocomplete="username"]').fill(account.username);
  await page.locator('input[name="password"]').fill(account.password);
  await page.locator('button[type="submit"]').click();
  await page.locator('input[name="currentPassword"]').fill(account.password);
  await page.locator('input[name="newPassword"]').fill(password);
  await page.locator('input[name="newPasswordAgain"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.locator('input[name="newPassword"]').waitFor({ state: 'detached' });
}

export async function openSite(address: string, account: Account): Promise<Site> {
  const browser = await launchBrowser();
  const opened: Window[] = [];
  // One signing in for all windows: the server lets one address try only so often in a minute.
  let session: ReturnType<typeof sessionOf> | null = null;
  const newWindow = async (options: PageOptions = {}): Promise<Window> => {
    const signedIn = options.signedIn ?? true;
    if (signedIn) session ??= sessionOf(browser, address, account);
    const context = await browser.newContext({
      baseURL: address,
      locale: LOCALES[options.language ?? 'zh-CN'],
      colorScheme: options.theme ?? 'light',
      viewport: options.viewport ?? WIDE,
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
      ...(signedIn && session !== null ? { storageState: await session } : {}),
    });
    context.setDefaultTimeout(WITHIN_MS);
    const made = { context, faults: await watchFaults(context) };
    opened.push(made);
    return made;
  };
  return {
    address,
    browser,
    newWindow,
    async open(path = '/', options = {}) {
      const { context, faults } = await newWindow(options);
      const page = await context.newPage();
      await page.goto(path);
      await readyMain(page).first().waitFor();
      return { page, context, faults };
    },
    async closePages() {
      const windows = opened.splice(0);
      await Promise.all(windows.map(({ context }) => context.close()));
      for (const { faults } of windows) faults.check();
    },
    close: () => browser.close(),
  };
}

/** Through the form, as a person signs in. */
async function sessionOf(browser: Browser, baseURL: string, account: Account) {
  const context = await browser.newContext({ baseURL });
  try {
    context.setDefaultTimeout(WITHIN_MS);
    const page = await context.newPage();
    await page.goto('/');
    await signInByForm(page, account);
    const { cookies } = await context.storageState();
    // Language and theme are for each window to choose.
    return { cookies, origins: [] };
  } finally {
    await context.close();
  }
}
