// Writes the table of docs/metrics.md from the table of metrics; with --check it only tells whether it is stale.
// Needs a build.
import { readFile, writeFile } from 'node:fs/promises';
import { withMetrics } from '../dist/telemetry/page.js';

const file = new URL('../../../docs/metrics.md', import.meta.url);
const stored = await readFile(file, 'utf8');
const text = withMetrics(stored);
if (process.argv.includes('--check')) {
  if (stored !== text) {
    console.error('docs/metrics.md is stale; run node packages/server/scripts/metrics.mjs');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
