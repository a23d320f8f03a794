/**
 * `npm run screenshots [page …]`: every page of the console, or those named, in both languages, as pictures in
 * `screenshots/`; those for a person on call also dark and as narrow as a phone. Fails where a page does what it
 * must not do, after all pictures are taken.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, say } from './lib.mjs';
import { withConsole } from './with-console.mjs';

const FOLDER = join(ROOT, 'screenshots');
const LANGUAGES = ['zh-CN', 'en'];

process.exitCode = (await withConsole((given) => takeAll(given, process.argv.slice(2)))) ?? 1;

/** @returns the exit code. */
async function takeAll({ site, seeded, support }, names) {
  const unknown = names.find((name) => !support.PAGES.some((page) => page.name === name));
  if (unknown !== undefined) {
    say(`there is no page ${unknown}; the pages are ${support.PAGES.map((page) => page.name).join(', ')}`);
    return 2;
  }
  // What is there from an older run may show pages that are no more.
  if (names.length === 0) rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const pages = support.PAGES.filter((page) => names.length === 0 || names.includes(page.name));
  const shots = pages.flatMap((page) => shotsOf(page, support));
  let failures = 0;
  for (const shot of shots) {
    try {
      await take(site, { seeded, readyMain: support.readyMain }, shot);
    } catch (error) {
      failures++;
      say(`${shot.file}: ${error instanceof Error ? error.message : error}`);
    }
  }
  process.stdout.write(
    `${shots.length} pictures in ${FOLDER}${failures === 0 ? '' : `, ${failures} with faults`}\n`,
  );
  return failures === 0 ? 0 : 1;
}

function shotsOf(page, { WIDE, PHONE }) {
  return LANGUAGES.flatMap((language) => {
    const shot = (suffix, options) => ({
      page,
      file: `${page.name}.${language}${suffix}.png`,
      options: { language, signedIn: page.signedIn, theme: 'light', viewport: WIDE, ...options },
    });
    const always = [shot('', {})];
    if (!page.onCall) return always;
    return [
      ...always,
      shot('.dark', { theme: 'dark' }),
      shot('.phone', { viewport: PHONE }),
      shot('.phone.dark', { viewport: PHONE, theme: 'dark' }),
    ];
  });
}

/** @throws with what went wrong in the page; the picture is taken all the same. */
async function take(site, { seeded, readyMain }, { page: listed, file, options }) {
  const { context, faults } = await site.newWindow(options);
  // An address that is not there is answered with 404, which the browser notes as an error.
  if (listed.name === 'missing') faults.tolerate(/status of 404/);
  const page = await context.newPage();
  try {
    await page.goto(listed.path(seeded));
    await readyMain(page).first().waitFor();
    await page.evaluate(() => document.fonts.ready.then(() => true));
  } finally {
    await page.screenshot({
      path: join(FOLDER, file),
      fullPage: true,
      animations: 'disabled',
      caret: 'hide',
    });
    say(file);
    await site.closePages();
  }
}
