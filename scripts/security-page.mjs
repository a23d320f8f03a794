/**
 * `node scripts/security-page.mjs --check`: whether docs/security.md speaks of what is there. Every row of its table
 * has a known state, every file exists, what is met names a test, every test tests something, and no item of the
 * standard is claimed twice or left out of the chapters. `--page <file>` looks at another page.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, say } from './lib.mjs';

const STATES = /^(met|partly: .+|yours|gap: .+|none)$/;
const CHAPTERS = 17;
/** Items of level 3 that matter where money moves. */
const LEVEL_3 = [
  '2.3.5',
  '4.1.5',
  '7.5.3',
  '8.3.2',
  '11.2.4',
  '12.3.5',
  '13.3.4',
  '14.2.6',
  '15.2.4',
  '15.4.2',
];

const { values } = parseArgs({ options: { check: { type: 'boolean' }, page: { type: 'string' } } });
const page = resolve(values.page ?? join(ROOT, 'docs', 'security.md'));
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| (\*\*)?\d/.test(line))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const findings = [...rows.flatMap(row), ...twice(), ...missing()];
for (const finding of findings) say(finding);
say(`${rows.length} rows, ${findings.length} findings`);
process.exitCode = findings.length === 0 && rows.length > 0 ? 0 : 1;

function row([items = '', , state = '', where = '', tests = '', ...more]) {
  const wrong = (what) => `${items}: ${what}`;
  if (more.length > 0) return [wrong('has too many columns')];
  const files = names(where);
  const tried = names(tests);
  return [
    ...(STATES.test(state) ? [] : [wrong(`its state is "${state}"`)]),
    ...(state === 'met' && (files.length === 0 || tried.length === 0)
      ? [wrong('is met, but not said where')]
      : []),
    ...(state.startsWith('partly') && files.length === 0 ? [wrong('is partly met, but not said where')] : []),
    ...[...files, ...tried]
      .filter((name) => find(name) === null)
      .map((name) => wrong(`${name} is not there`)),
    ...tried.filter((name) => !isTest(name)).map((name) => wrong(`${name} tests nothing`)),
  ];
}

function names(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

/** Files are named from the root, or from packages/. */
function find(name) {
  return (
    [name, join('packages', name)].map((path) => join(ROOT, path)).find((path) => existsSync(path)) ?? null
  );
}

function isTest(name) {
  const path = find(name);
  return (
    path === null ||
    (path.endsWith('.test.ts') && /\b(it|test)(\.each)?[(<]/.test(readFileSync(path, 'utf8')))
  );
}

/** Single items, ranges told apart: `1.2.1–1.2.3` is three. */
function itemsOf([cell = '']) {
  return cell
    .replaceAll('*', '')
    .split(',')
    .flatMap((part) => {
      const [from = '', to = from] = part.trim().split('–');
      const [first, last] = [from, to].map((item) => item.split('.'));
      if (first.length < 3 || last.length < 3) return [from];
      const count = Number(last[2]) - Number(first[2]) + 1;
      return Array.from({ length: count }, (_, more) => `${first[0]}.${first[1]}.${Number(first[2]) + more}`);
    });
}

function twice() {
  const all = rows.flatMap(itemsOf);
  return [...new Set(all.filter((item, index) => all.indexOf(item) !== index))].map(
    (item) => `${item}: is there twice`,
  );
}

function missing() {
  const all = rows.flatMap(itemsOf);
  const chapters = Array.from({ length: CHAPTERS }, (_, index) => `${index + 1}.`);
  return [
    ...chapters
      .filter((chapter) => !all.some((item) => item.startsWith(chapter)))
      .map((one) => `V${one} has no row`),
    ...LEVEL_3.filter((item) => !all.includes(item)).map((item) => `${item}: has no row`),
  ];
}
