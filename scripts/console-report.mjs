/**
 * `npm run report -- console [--json] [--bundle]`: what the console weighs and how soon its first page can be used.
 * Fails where the initial JavaScript is above its limit or a page does what it must not do. `--bundle` leaves the browser out.
 */
import { cpus, platform, release } from 'node:os';
import { measureBundle } from './console-bundle.mjs';
import { CONSOLE_DIST } from './console.mjs';
import { say } from './lib.mjs';
import { setup } from './setup.mjs';
import { withConsole } from './with-console.mjs';

const ROUNDS = 5;
const USABLE_TARGET_MS = 1_500;
const READY_AT = 'piculusReadyAt';

/** @returns the exit code. */
export async function report(args) {
  const unknown = args.find((arg) => arg !== '--json' && arg !== '--bundle');
  if (unknown !== undefined) {
    say(`there is no ${unknown}; npm run report -- console [--json] [--bundle]`);
    return 2;
  }
  const loads = args.includes('--bundle') ? ((await setup()) ? [] : null) : await withConsole(measureLoads);
  if (loads === null) return 1;
  const result = {
    machine: machine(),
    bundle: measureBundle(CONSOLE_DIST),
    targetMs: USABLE_TARGET_MS,
    ...(loads.length === 0 ? {} : loads),
  };
  process.stdout.write(args.includes('--json') ? `${JSON.stringify(result, null, 2)}\n` : toText(result));
  const faults = new Set((loads.pages ?? []).flatMap(({ rounds }) => rounds.map(({ fault }) => fault)));
  faults.delete('');
  for (const fault of faults) say(fault);
  return result.bundle.withinLimit && faults.size === 0 ? 0 : 1;
}

/** Each round in a window with an empty cache. */
async function measureLoads({ site, support }) {
  const pages = [];
  for (const [name, signedIn] of [
    ['sign-in form', false],
    ['home page with its figures', true],
  ]) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      say(`${name}: round ${round + 1} of ${ROUNDS}`);
      rounds.push(await loadOnce(site, support.readyMain, signedIn));
    }
    const usableMs = rounds.map((round) => round.usableMs);
    pages.push({ page: name, medianMs: median(usableMs), rounds });
  }
  return { browser: `Chromium ${site.browser.version()}`, pages };
}

async function loadOnce(site, readyMain, signedIn) {
  const { context } = await site.newWindow({ signedIn });
  await context.addInitScript(noteReady, READY_AT);
  const page = await context.newPage();
  let receivedBytes = 0;
  const sizes = [];
  page.on('requestfinished', (request) => {
    if (!request.url().includes('/api/')) sizes.push(request.sizes());
  });
  await page.goto('/', { waitUntil: 'commit' });
  await readyMain(page).first().waitFor();
  const noted = await page.waitForFunction((name) => window[name] ?? false, READY_AT);
  const usableMs = await noted.jsonValue();
  for (const { responseBodySize } of await Promise.all(sizes)) receivedBytes += responseBodySize;
  return { usableMs: Math.round(usableMs), receivedBytes, fault: await faultOf(site) };
}

/** @returns what the page did that it must not do, in words; empty where there is nothing. */
async function faultOf(site) {
  try {
    await site.closePages();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Runs in the page: notes when its main part first says that it can be used, in ms since the navigation began. */
function noteReady(name) {
  const observer = new MutationObserver(() => {
    if (document.querySelector('main[data-ready="true"]') === null) return;
    observer.disconnect();
    // After the next frame it is also on the screen.
    requestAnimationFrame(() => {
      window[name] = performance.now();
    });
  });
  observer.observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['data-ready'],
  });
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function machine() {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${platform()} ${release()}, Node ${process.versions.node}`;
}

function toText({ machine: on, bundle, browser, pages = [], targetMs }) {
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)}`.padStart(9);
  const row = ({ name, rawBytes, gzipBytes, brotliBytes }) =>
    `  ${name.padEnd(44)}${kb(rawBytes)}${kb(gzipBytes)}${kb(brotliBytes)}`;
  const part = (title, files) => [`${title.padEnd(46)}   raw KB  gzip KB    br KB`, ...files.map(row), ''];
  const { initial, limitBytes, withinLimit } = bundle;
  const lines = [
    on,
    '',
    ...part(
      'Before the first page',
      bundle.files.filter((file) => file.initial),
    ),
    ...part(
      'Loaded with the pages that need it',
      bundle.files.filter((file) => !file.initial),
    ),
    `Initial JavaScript and styles, gzipped: ${kb(initial.gzipBytes).trim()} KB (scripts ${kb(initial.scriptGzipBytes).trim()}, styles ${kb(initial.styleGzipBytes).trim()}), at most ${limitBytes / 1000} KB: ${withinLimit ? 'within' : 'ABOVE'}`,
  ];
  if (pages.length > 0)
    lines.push('', `Cold load over loopback in ${browser}, median of ${ROUNDS}, target ${targetMs} ms`);
  for (const { page, medianMs, rounds } of pages) {
    const all = rounds.map((round) => round.usableMs).join(', ');
    const received = kb(rounds[0]?.receivedBytes ?? 0).trim();
    const verdict = medianMs <= targetMs ? 'within' : 'ABOVE';
    lines.push(
      `  ${page.padEnd(28)}${String(medianMs).padStart(6)} ms  ${verdict}  (${all}; ${received} KB received)`,
    );
  }
  return `${lines.join('\n')}\n`;
}
