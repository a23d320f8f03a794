// Writes the tables of docs/permissions.md from the policy lines; with --check it only tells whether they are stale.
// Needs a build.
import { readFile, writeFile } from 'node:fs/promises';
import { withTables } from '../dist/http/permissions.js';

const file = new URL('../../../docs/permissions.md', import.meta.url);
const stored = await readFile(file, 'utf8');
const text = withTables(stored);
if (process.argv.includes('--check')) {
  if (stored !== text) {
    console.error('docs/permissions.md is stale; run node packages/server/scripts/permissions.mjs');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
