// Writes openapi.json from the contract; with --check it only tells whether the file is stale. Needs a build.
import { readFile, writeFile } from 'node:fs/promises';
import { openApiDocument } from '../dist/http/document.js';

const file = new URL('../openapi.json', import.meta.url);
const text = `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
if (process.argv.includes('--check')) {
  const stored = await readFile(file, 'utf8').catch(() => '');
  if (stored !== text) {
    console.error('packages/server/openapi.json is stale; run node packages/server/scripts/openapi.mjs');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
