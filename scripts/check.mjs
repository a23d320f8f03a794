/**
 * `npm run check`: the house rules of STYLE.md that no other tool checks. Exceptions are in
 * check-exceptions.json, each with the number of findings it allows; one that is not needed any more fails, so
 * that the list only ever gets shorter.
 */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { filesBelow, ROOT, say } from './lib.mjs';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const name = (path) => relative(ROOT, path).split(sep).join('/');
const inSource = (file) => /^(packages|examples)\/[^/]+\/src\//.test(file);
const isTypeScript = (file) => /\.tsx?$/.test(file);
const inLibrary = (file) => /^packages\/(server|client|repairs|protocol|embedded-database)\/src\//.test(file);

/** Each rule finds lines in one file. @type {Record<string, {applies: (file: string) => boolean, find: (text: string, lines: string[]) => string[]}>} */
const RULES = {
  'file-length': {
    applies: isTypeScript,
    find: (_, lines) =>
      lines.length > FILE_LINES_MAX ? [`${lines.length} lines, more than ${FILE_LINES_MAX}`] : [],
  },
  'function-length': { applies: inSource, find: (_, lines) => longFunctions(lines) },
  'environment-in-config': {
    applies: (file) => inLibrary(file) && !/(^|\/)config\.ts$/.test(file),
    find: matching(/\bprocess\.env\b/),
  },
  'one-clock': {
    applies: (file) =>
      /^packages\/(server|client|repairs)\/src\//.test(file) &&
      !/(^|\/)clock\.ts$|\/src\/testing\//.test(file),
    find: matching(
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(Timeout|Interval)\(|\brandom(UUID|Bytes)\(/,
    ),
  },
  'sql-in-store': {
    applies: (file) =>
      file.startsWith('packages/server/src/') && !file.startsWith('packages/server/src/store/'),
    find: matching(/\bsql(<[^`]*>)?`|\.(selectFrom|insertInto|updateTable|deleteFrom)\(/),
  },
  'no-console': {
    applies: (file) => inSource(file) && file !== 'packages/cli/src/output.ts',
    find: matching(/\bconsole\.\w+\(/),
  },
  'no-blind-casts': {
    applies: isTypeScript,
    find: matching(/\bas unknown as\b|\bas any\b|<any>|: any\b|@ts-(ignore|nocheck)/),
  },
  'no-skipped-tests': {
    applies: (file) => /\.test\.tsx?$/.test(file),
    find: matching(/\b(test|it|describe)\.(skip|only|todo|skipIf|runIf)\b|\bx(it|describe)\(/),
  },
  'own-imports-with-extension': {
    applies: isTypeScript,
    find: matching(/(from|import) '\.{1,2}\/[^']*(?<!\.tsx?|\.json|\.css)'/),
  },
  'no-foreign-paths': {
    applies: () => true,
    find: matching(new RegExp(`(^|[\\s'"\`(=])/${'work'}/(main|shared)\\b`)),
  },
};

function matching(pattern) {
  return (_, lines) =>
    lines.flatMap((line, index) =>
      pattern.test(line) && !isComment(line) ? [`line ${index + 1}: ${line.trim()}`] : [],
    );
}

const isComment = (line) => /^\s*(\/\/|\*|\/\*)/.test(line);

const STARTS =
  /^(\s*)(export )?(default )?(async )?(function\b|(static |private |readonly )*(async )?(get |set )?#?\w+(<.*>)?\(.*$|(const|let) \w+.*=>.*$|(const|let) \w+ = (async )?\(.*$)/;
const CONTROL = /^\s*(if|for|while|switch|return|await|else|do|try|catch|throw|new)\b/;

/**
 * The formatter puts a function's closing brace under its first line, which is all that is needed to measure
 * it. Functions inside a function are measured by themselves and not counted twice.
 */
function longFunctions(lines) {
  const spans = lines.flatMap((line, start) => {
    const match = STARTS.exec(line);
    if (match === null || CONTROL.test(line) || /[;,]\s*$/.test(line)) return [];
    const closes = new RegExp(`^${match[1] ?? ''}[})\\]]`);
    const end = lines.findIndex((other, at) => at > start && closes.test(other) && !/[{([]\s*$/.test(other));
    return end === -1 ? [] : [{ start, end, line }];
  });
  return spans.flatMap(({ start, end, line }) => {
    const inner = spans.filter((span) => span.start > start && span.end < end);
    const direct = inner.filter(
      (span) => !inner.some((other) => other.start < span.start && other.end > span.end),
    );
    const own = end - start + 1 - direct.reduce((sum, span) => sum + span.end - span.start + 1, 0);
    return own > FUNCTION_LINES_MAX
      ? [`line ${start + 1}: ${own} lines of its own, more than ${FUNCTION_LINES_MAX}: ${line.trim()}`]
      : [];
  });
}

const exceptions = JSON.parse(readFileSync(join(ROOT, 'scripts', 'check-exceptions.json'), 'utf8'));
const files = ['packages', 'examples', 'test', 'scripts', 'docs', 'benchmarks', '.ci']
  .flatMap((folder) =>
    filesBelow(join(ROOT, folder), (path) => /\.(tsx?|mjs|js|md|json|ya?ml|sql|css|html)$/.test(path)),
  )
  .concat(filesBelow(ROOT, (path) => /\.(md|json|ts)$/.test(path) && !name(path).includes('/')))
  .filter(
    (path) => !/\.generated\.|package-lock\.json|scripts\/check|^packages\/[^/]+\/types\//.test(name(path)),
  );

let failures = 0;
const fail = (line) => {
  failures++;
  say(line);
};
const used = new Set();
for (const path of files) {
  const file = name(path);
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  for (const [rule, { applies, find }] of Object.entries(RULES)) {
    if (!applies(file)) continue;
    const found = find(text, lines);
    const allowed = exceptions[rule]?.[file]?.findings ?? 0;
    if (allowed > 0) used.add(`${rule} ${file}`);
    if (found.length > allowed) for (const finding of found) fail(`${file}: ${rule}: ${finding}`);
    if (found.length < allowed)
      fail(`${file}: ${rule}: only ${found.length} of ${allowed} exceptions are needed; lower the number`);
  }
}
for (const [rule, byFile] of Object.entries(exceptions)) {
  for (const file of Object.keys(byFile)) {
    if (!used.has(`${rule} ${file}`))
      fail(`check-exceptions.json: ${rule} for ${file} is not needed any more`);
  }
}
if (failures > 0) say(`${failures} findings`);
process.exitCode = failures === 0 ? 0 : 1;
