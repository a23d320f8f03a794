/**
 * `node scripts/audit-dependencies.mjs`: what the lock file brings into the house. Without a network: where every
 * package comes from and that its content is fixed, who may run code when it is installed, licences, and how many
 * packages the server and the client kit drag along. `--online` also asks the registry for known weaknesses and for
 * the age of what is new since `--since <commit>`; what could not be asked is said, and fails.
 *
 * `--root <folder>` looks at another checkout. Exit code 0: all well; 1: findings; 2: something could not be asked.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { capture, ROOT, say } from './lib.mjs';

/** Licences that may be given on with the product, and those that tools of the build may have beside them. */
const LICENCES = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  // Public domain: what signs for a broker's users has it.
  'Unlicense',
]);
const TOOL_LICENCES = new Set([...LICENCES, 'MPL-2.0', 'CC0-1.0', 'CC-BY-4.0', 'Python-2.0']);
/** May run a program when they are installed. Nobody needs to. */
const INSTALL_SCRIPTS = new Set([]);
/** External packages that each may name itself, and may have in all; platforms are counted once. May only shrink. */
const COUNTS = {
  'packages/server': { direct: 21, all: 132 },
  'packages/cli': { direct: 3, all: 139 },
  'packages/client': { direct: 1, all: 2 },
  'packages/protocol': { direct: 1, all: 1 },
  'packages/repairs': { direct: 0, all: 2 },
};
const OWN = '@piculus/';
const AGE_MIN_DAYS = 7;
const DAY_MS = 86_400_000;
const PLAIN_VERSION = /^[~^]?\d+(\.\d+){0,2}(-[\w.]+)?( \|\| [~^]?\d+(\.\d+){0,2})*$/;

const { values } = parseArgs({
  options: { root: { type: 'string' }, online: { type: 'boolean' }, since: { type: 'string' } },
});
const root = resolve(values.root ?? ROOT);
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const entries = Object.entries(lock.packages);
/** All that the packages need while they run. */
const givenOn = new Set(
  entries.filter(([path]) => /^packages\/[^/]+$/.test(path)).flatMap(([path]) => [...closure(path)]),
);
const findings = [
  ...entries.flatMap(origin),
  ...entries.flatMap(versions),
  ...entries.flatMap(licence),
  ...Object.entries(COUNTS).flatMap(counts),
  ...ownNames(),
];
for (const finding of findings) say(finding);
const notAsked = values.online ? [...(await weaknesses()), ...(await ages())] : [];
say(
  values.online
    ? `${findings.length} findings, ${notAsked.length} questions without an answer`
    : `${findings.length} findings; known weaknesses and ages were not asked for (--online does)`,
);
process.exitCode = findings.length > 0 ? 1 : notAsked.length > 0 ? 2 : 0;

/** From a registry and with a fixed content, or one of our own folders; and no registry is named in the file. */
function origin([path, entry]) {
  if (!path.includes('node_modules/')) return [];
  if (entry.link === true)
    return /^(packages|examples)\//.test(entry.resolved ?? '')
      ? []
      : [`${path}: is a link out of the checkout: ${entry.resolved}`];
  const wrong = [];
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? ''))
    wrong.push(`${path}: its content is not fixed by a SHA-512`);
  if (entry.resolved !== undefined) wrong.push(`${path}: names where it comes from: ${entry.resolved}`);
  if (entry.inBundle === true) wrong.push(`${path}: comes inside another package, with no hash of its own`);
  if (entry.hasInstallScript === true && !INSTALL_SCRIPTS.has(nameOf(path)))
    wrong.push(`${path}: runs a program when it is installed`);
  return wrong;
}

/** No address, no folder, no tag: what is asked for must be a version of a registry. */
function versions([path, entry]) {
  if (path.includes('node_modules/')) return [];
  const asked = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
  return Object.entries(asked)
    .filter(([, version]) => !PLAIN_VERSION.test(version))
    .map(([name, version]) => `${path === '' ? 'package.json' : path}: asks for ${name} at ${version}`);
}

/** Our own names come from this checkout, so that nobody can put a package of that name in their place. */
function ownNames() {
  return entries
    .filter(([path, entry]) => nameOf(path).startsWith(OWN) && path.includes('node_modules/') && !entry.link)
    .map(([path]) => `${path}: has one of our own names and comes from elsewhere`);
}

function licence([path, entry]) {
  if (!path.includes('node_modules/') || entry.link === true) return [];
  const allowed = givenOn.has(path) ? LICENCES : TOOL_LICENCES;
  const found = String(entry.license ?? 'none named');
  const choices = found.replaceAll(/[()]/g, '').split(' OR ');
  return choices.some((one) => allowed.has(one.trim())) ? [] : [`${path}: licence ${found}`];
}

function counts([folder, most]) {
  const own = lock.packages[folder];
  if (own === undefined) return [`${folder}: is not in the lock file`];
  const direct = Object.keys(own.dependencies ?? {}).filter((name) => !name.startsWith(OWN)).length;
  const all = [...closure(folder)].filter((path) => lock.packages[path]?.optional !== true).length;
  return [
    ...(direct > most.direct ? [`${folder}: needs ${direct} packages, more than ${most.direct}`] : []),
    ...(all > most.all ? [`${folder}: has ${all} packages in all, more than ${most.all}`] : []),
  ];
}

/** @returns the external packages that this one needs while it runs, and theirs. */
function closure(folder) {
  const seen = new Set();
  const visit = (at) => {
    const path = lock.packages[at]?.link === true ? lock.packages[at].resolved : at;
    if (seen.has(path)) return;
    seen.add(path);
    const { dependencies = {}, optionalDependencies = {} } = lock.packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = find(path, name);
      if (found !== null) visit(found);
    }
  };
  visit(folder);
  return new Set([...seen].filter((path) => path.includes('node_modules/')));
}

/** As Node looks for it: beside, then in every folder above. */
function find(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock.packages[path] !== undefined) return path;
    if (at === '') return null;
  }
}

function nameOf(path) {
  const [, name = path] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
  return name;
}

/** @returns the questions that had no answer. */
async function weaknesses() {
  const { output } = await capture('npm', ['audit', '--omit=dev', '--json'], { cwd: root });
  const report = readJson(output);
  const found = report?.metadata?.vulnerabilities;
  if (found === undefined) {
    say('NOT ASKED: known weaknesses: the registry is not reachable, or does not tell them');
    return ['weaknesses'];
  }
  for (const [name, { severity }] of Object.entries(report.vulnerabilities ?? {})) {
    findings.push(name);
    say(`${name}: has a known weakness (${severity}); npm audit tells more`);
  }
  return [];
}

/** What is new in the lock file must have been public for some days: bad versions are mostly found in hours. */
async function ages() {
  if (values.since === undefined) {
    say('NOT ASKED: ages: say --since <commit>, so that it is known what is new');
    return ['ages'];
  }
  const before = await capture('git', ['show', `${values.since}:package-lock.json`], { cwd: root });
  const old = before.code === 0 ? readJson(before.output)?.packages : undefined;
  if (old === undefined) {
    say(`NOT ASKED: ages: there is no lock file at ${values.since}`);
    return ['ages'];
  }
  const had = new Set(Object.entries(old).map(([path, { version }]) => `${nameOf(path)}@${version}`));
  const fresh = new Map(
    entries
      .filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true)
      .map(([path, entry]) => [`${entry.name ?? nameOf(path)}@${entry.version}`, entry.version])
      .filter(([name]) => !had.has(name)),
  );
  const unknown = [];
  for (const [name, version] of fresh) {
    const { output } = await capture('npm', ['view', name, 'time', '--json'], { cwd: root });
    const publishedAt = Date.parse(readJson(output)?.[version] ?? '');
    if (Number.isNaN(publishedAt)) {
      say(`NOT ASKED: the age of ${name}`);
      unknown.push(name);
    } else if (Date.now() - publishedAt < AGE_MIN_DAYS * DAY_MS) {
      findings.push(name);
      say(`${name}: is not yet ${AGE_MIN_DAYS} days old`);
    }
  }
  return unknown;
}

/** What npm prints may have lines before and after the JSON. */
function readJson(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  } catch {
    return null;
  }
}
