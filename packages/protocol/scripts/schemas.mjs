// Writes schemas/ from the built source, or with --check says what is stale and fails.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedFiles } from '../dist/publish/index.js';

const folder = fileURLToPath(new URL('../schemas/', import.meta.url));
const check = process.argv.includes('--check');
const files = publishedFiles();

const present = (await readdir(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
const wrong = present.filter((path) => !files.has(path));
for (const [path, text] of files) {
  const there = await readFile(join(folder, path), 'utf8').catch(() => null);
  if (there !== text) wrong.push(path);
}

if (check) {
  for (const path of wrong) process.stderr.write(`stale: schemas/${path}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} else {
  for (const path of wrong) {
    const text = files.get(path);
    if (text === undefined) {
      await rm(join(folder, path));
      continue;
    }
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  process.stderr.write(`${wrong.length} of ${files.size} files written\n`);
}
