/** A real Chromium and the pages that a test opens in it. */
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
  request,
} from 'playwright-core';
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
  /** Who is signed in, where it is not the one that the site is opened for. */
  readonly as?: Account;
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
  /**
   * Opens an address of the console in a window that no other page of the test uses, and waits until the page is
   * usable. Somebody who is signed in gets a window of an earlier test, emptied of all that it kept but for files of
   * the console: what those make of a page is the same, and a new window is three times the work.
   */
  open(path?: string, options?: PageOptions): Promise<OpenPage>;
  /** Ends the test's windows. @throws with what went wrong in any of them. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** An operator's screen, and a phone on call. */
export const WIDE = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;
const LOCALES = { 'zh-CN': 'zh-CN', en: 'en-US' } as const;
/** Much longer than anything takes: a busy machine is no fault of the console, and only a failing run waits for it. */
export const WITHIN_MS = 60_000;
/** How often is asked for what no element tells by itself: not at each frame, which is work for the whole machine. */
export const ASK_MS = 100;
/** A file of the console that does nothing: where a window waits for its next test. */
const NOTHING = '/piculus.svg';

/** As root there is no sandbox to be had. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.TEST_CHROMIUM_PATH ?? '/usr/bin/chromium',
    timeout: WITHIN_MS,
    args: [
      // A graphics card that software plays draws the same, slowly; Debian's Chromium asks for it.
      '--disable-gpu',
      '--disable-gpu-rasterization',
      // Of the browser's own window, which nobody sees: what turns there while a page loads is drawn at each frame.
      '--animation-duration-scale=0',
      // Chromium heeds the last switch of a name only: this one stands for Playwright's, and has to say the same.
      `--disable-features=${[...NOT_FOR_TESTS, ...BEHIND_THE_ADDRESS_BAR].join(',')}`,
      ...sandbox(),
    ],
  });
}

/** What Playwright takes from the browser, as it would make tests depend on the network or on what it did before. */
const NOT_FOR_TESTS = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];
/** Two pages in processes of their own for each window that nobody sees: two thirds of the work of opening one. */
const BEHIND_THE_ADDRESS_BAR = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'];

const sandbox = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

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

/** @param among a browser that is used for more than this; it is not closed with the site. */
export async function openSite(address: string, account: Account, among?: Browser): Promise<Site> {
  const browser = among ?? (await launchBrowser());
  const contexts = new Set<BrowserContext>();
  const opened: Array<Window & { readonly options: PageOptions | null }> = [];
  const idle: Array<{ readonly key: string; readonly window: OpenPage }> = [];
  // One signing in for all windows of a person: the server lets one address try only so often in a minute.
  const sessions = new Map<string, ReturnType<typeof sessionOf>>();
  const sessionFor = ({ signedIn = true, as = account }: PageOptions): ReturnType<typeof sessionOf> => {
    if (!signedIn) return Promise.resolve({ cookies: [], origins: [] });
    const session = sessions.get(as.username) ?? sessionOf(address, as);
    sessions.set(as.username, session);
    return session;
  };
  const makeWindow = async (options: PageOptions): Promise<Window> => {
    const context = await browser.newContext({
      baseURL: address,
      locale: LOCALES[options.language ?? 'zh-CN'],
      colorScheme: options.theme ?? 'light',
      viewport: options.viewport ?? WIDE,
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
      storageState: await sessionFor(options),
    });
    contexts.add(context);
    context.on('close', () => contexts.delete(context));
    context.setDefaultTimeout(WITHIN_MS);
    return { context, faults: await watchFaults(context) };
  };
  const rest = async ({ context, faults, options }: (typeof opened)[number]): Promise<void> => {
    const page = context.pages()[0];
    if (options !== null && page !== undefined) {
      const window = { page, context, faults };
      const { cookies } = await sessionFor(options);
      if (await empty(window, options, cookies)) {
        idle.push({ key: keyOf(options), window });
        return;
      }
    }
    await context.close();
  };
  return {
    address,
    browser,
    async newWindow(options = {}) {
      const window = await makeWindow(options);
      opened.push({ ...window, options: null });
      return window;
    },
    async open(path = '/', options = {}) {
      const isReusable = options.signedIn ?? true;
      const found = isReusable ? idle.findIndex(({ key }) => key === keyOf(options)) : -1;
      const kept = found < 0 ? undefined : idle.splice(found, 1)[0]?.window;
      const window = kept ?? (await makeWindow(options));
      opened.push({ ...window, options: isReusable ? options : null });
      const page = kept?.page ?? (await window.context.newPage());
      await page.goto(path);
      await readyMain(page).first().waitFor();
      return { ...window, page };
    },
    async closePages() {
      const windows = opened.splice(0);
      // Before they are emptied, which asks for other things than the test did.
      const checked = await Promise.allSettled(
        windows.map(async ({ context, faults }) => {
          await heard(context);
          faults.check();
        }),
      );
      await Promise.all(windows.map(rest));
      for (const each of checked) if (each.status === 'rejected') throw each.reason;
    },
    async close() {
      await Promise.all([...contexts].map((context) => context.close()));
      if (among === undefined) await browser.close();
    },
  };
}

/** Resolves once all that the pages have said so far has arrived here. */
async function heard(context: BrowserContext): Promise<void> {
  await Promise.allSettled(context.pages().map((page) => page.evaluate(() => null)));
}

/** Windows of one key differ in nothing that a page could see. */
const keyOf = ({ language = 'zh-CN', theme = 'light', viewport = WIDE, as }: PageOptions): string =>
  [language, theme, viewport.width, viewport.height, as?.username].join(' ');

type Cookies = Awaited<ReturnType<typeof sessionOf>>['cookies'];

/** Leaves nothing in the window that a test has put there. @returns false where that could not be done. */
async function empty(
  { page, context, faults }: OpenPage,
  { viewport = WIDE }: PageOptions,
  cookies: Cookies,
): Promise<boolean> {
  try {
    const [, ...others] = context.pages();
    await Promise.all(others.map((other) => other.close()));
    page.removeAllListeners('request').removeAllListeners('dialog');
    await page.evaluate(() => {
      localStorage.clear();
      sessionStorage.clear();
    });
    await page.goto(NOTHING);
    await page.setViewportSize(viewport);
    await context.clearCookies();
    await context.addCookies(cookies);
    faults.begin();
    return true;
  } catch {
    return false;
  }
}

/** As the form of the console asks for it; forms are filled in by the tests that are about them. */
async function sessionOf(baseURL: string, { username, password }: Account) {
  const extraHTTPHeaders = { origin: baseURL };
  const caller = await request.newContext({ baseURL, extraHTTPHeaders, timeout: WITHIN_MS });
  try {
    const answer = await caller.post('/api/auth/sign-in/username', { data: { username, password } });
    if (!answer.ok()) throw new Error(`signing in was answered with ${answer.status()}`);
    const { cookies } = await caller.storageState();
    // Language and theme are for each window to choose.
    return { cookies, origins: [] };
  } finally {
    await caller.dispose();
  }
}
