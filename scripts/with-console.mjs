/** What the commands about the console share: the built server with data, and a Chromium on it. */
import { join } from 'node:path';
import { browserForTests } from './browser.mjs';
import { ROOT, say } from './lib.mjs';
import { postgresForTests } from './postgres.mjs';
import { setup } from './setup.mjs';

const SUPPORT = join(ROOT, 'test', 'browser', 'support', 'all.ts');

/**
 * Makes the checkout ready, then the world of the browser tests with data on every page.
 * @param use gets `{ site, seeded, support }`, the last being what `test/browser/support/all.ts` exports.
 * @returns what `use` returned; null where something that is needed is missing, which was said.
 */
export async function withConsole(use) {
  if (!(await setup())) return null;
  const chromium = await browserForTests();
  if (chromium === null) return null;
  const database = await postgresForTests();
  if (database === null) return null;
  process.env.TEST_CHROMIUM_PATH = chromium;
  process.env.TEST_DATABASE_URL = database.url;
  try {
    const support = await loadSupport();
    say('starting the server, a production system, its bank and a browser');
    const site = await support.openConsole();
    try {
      const seeded = await support.seedEverything(site.world);
      try {
        return await use({ site, seeded, support });
      } finally {
        await seeded.stop();
      }
    } finally {
      await site.close();
    }
  } finally {
    await database.stop();
  }
}

/** The support of the tests is TypeScript, which the oldest Node that we run on cannot read by itself. */
async function loadSupport() {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(SUPPORT, { configFile: false, root: ROOT, logLevel: 'warn' });
  return module;
}
