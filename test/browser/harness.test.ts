/** What the other browser tests rest on: that a fault of a page is seen at all. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { type Faults, watchFaults } from './support/faults.ts';
import { ASK_MS, launchBrowser, WITHIN_MS } from './support/site.ts';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'";
const SCRIPTS: Readonly<Record<string, string>> = {
  '/quiet.js': "document.title = 'quiet'",
  '/throws.js': "throw new Error('nobody caught this')",
  '/complains.js': "console.error('the page complains')",
  '/asks.js': "fetch('/no-such-address')",
};
const HEAD = '<!doctype html><html lang="en"><head><title>A page</title>';
const PAGES: Readonly<Record<string, string>> = {
  '/good': `${HEAD}<script src="/quiet.js"></script></head><body><main><h1>A page</h1></main></body></html>`,
  '/inline-style': `${HEAD}<style>body{margin:0}</style></head><body><main><h1>A page</h1></main></body></html>`,
  '/no-name': `${HEAD}</head><body><main><h1>A page</h1><img src="data:," width="9" height="9"><input></main></body></html>`,
  ...Object.fromEntries(
    Object.keys(SCRIPTS).map((script) => [
      script.replace('.js', ''),
      `${HEAD}<script src="${script}"></script></head></html>`,
    ]),
  ),
};

let browser: Browser;
let server: Server;
let address: string;
beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    const [type, text] =
      SCRIPTS[url] === undefined ? ['text/html', PAGES[url]] : ['text/javascript', SCRIPTS[url]];
    response.writeHead(text === undefined ? 404 : 200, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': POLICY,
    });
    response.end(text ?? 'nothing');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  address = `http://127.0.0.1:${at.port}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  server.close();
});

async function visit(path: string, look: (page: Page, faults: Faults) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: address });
  context.setDefaultTimeout(WITHIN_MS);
  try {
    const faults = await watchFaults(context);
    const page = await context.newPage();
    await page.goto(path);
    await look(page, faults);
  } finally {
    await context.close();
  }
}

it.each([
  ['/inline-style', /content security policy: style-src-elem/],
  ['/throws', /uncaught: Error: nobody caught this/],
  ['/complains', /console: the page complains/],
  ['/asks', /console: .*404.*\/no-such-address/],
])('sees what is wrong with %s', async (path, what) => {
  await visit(path, async (_, faults) => {
    await faults.seen(what);
    expect(() => faults.check()).toThrow(what);
  });
});

it('lets pass what a test expects, and nothing else', async () => {
  await visit('/complains', async (page, faults) => {
    faults.tolerate(/the page complains/);
    await faults.seen(/the page complains/);
    expect(messageOf(() => faults.check())).toBe('');
    await page.evaluate(() => console.error('and again'));
    await faults.seen(/and again/);
    expect(messageOf(() => faults.check())).toMatch(/: and again/);
    expect(messageOf(() => faults.check())).toBe('');
  });
  await visit('/good', async (page, faults) => {
    await page.waitForFunction(() => document.title === 'quiet', null, { polling: ASK_MS });
    expect(messageOf(() => faults.check())).toBe('');
  });
});

it('names what a person with a screen reader would stumble over, where scripts are forbidden', async () => {
  await visit('/good', async (page) => expect(await axe(page)).toEqual([]));
  await visit('/no-name', async (page, faults) => {
    const violations = await axe(page);
    expect(violations.join('\n')).toMatch(/image-alt \(critical\)[\s\S]*img/);
    expect(violations.join('\n')).toMatch(/label \(critical\)[\s\S]*input/);
    expect(messageOf(() => faults.check())).toBe('');
  });
});

function messageOf(act: () => void): string {
  try {
    act();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
