/** What a page must never do: errors in its console, errors that nobody caught, what its policy forbids. */
import type { BrowserContext, Page } from 'playwright-core';

export interface Faults {
  /** From here on, a fault whose text fits is expected: a test that sends what is refused, or cuts the connection. */
  tolerate(what: RegExp): void;
  /** Resolves as soon as there is a fault whose text fits. */
  seen(what: RegExp): Promise<void>;
  /** @throws with all that went wrong so far and was not expected. */
  check(): void;
  /** Forgets all of it, and what is tolerated, for another test. */
  begin(): void;
}

const BINDING = 'piculusPolicyViolated';
/** Before signing in, asking who is signed in is answered with "nobody", which the browser notes as an error. */
const NOBODY_YET = /status of 401 .*\/api\/v1\/me$/;
/** Between tests a window shows a file, which unlike the console's page names no icon. */
const NO_ICON = /status of 404 .*\/favicon\.ico$/;

declare global {
  interface Window {
    [BINDING]?: (text: string) => void;
  }
}

/** Must be called before the context has a page. */
export async function watchFaults(context: BrowserContext): Promise<Faults> {
  const found: string[] = [];
  const waiting = new Set<() => void>();
  const add = (text: string): void => {
    found.push(text);
    for (const look of waiting) look();
  };
  const tolerated: RegExp[] = [NOBODY_YET];
  await context.exposeFunction(BINDING, (text: string) => {
    add(`content security policy: ${text}`);
  });
  await context.addInitScript(
    (name) => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
        window[name]?.(`${effectiveDirective} ${blockedURI} at ${sourceFile}:${lineNumber} ${sample}`);
      });
    },
    BINDING as typeof BINDING,
  );
  context.on('page', (page: Page) => {
    page.on('pageerror', (error) => add(`uncaught: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      add(`console: ${message.text()} ${message.location().url}`.trim());
    });
    page.on('crash', () => add('the page crashed'));
  });
  return {
    tolerate: (what) => {
      tolerated.push(what);
    },
    seen: (what) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!found.some((text) => what.test(text))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    begin: () => {
      found.length = 0;
      waiting.clear();
      tolerated.splice(1, Infinity, NO_ICON);
    },
    check: () => {
      const wrong = found.splice(0).filter((text) => !tolerated.some((what) => what.test(text)));
      if (wrong.length > 0)
        throw new Error(`the page did what it must not do:\n${[...new Set(wrong)].join('\n')}`);
    },
  };
}
