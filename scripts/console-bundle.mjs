/** How large the built console is, and what of it a browser must have before the first page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What may come before the first page, gzipped: scripts and styles together. */
export const INITIAL_GZIP_BYTES_MAX = 350_000;
const MEASURED = /\.(js|css|html|svg|woff2|png|json)$/;

/**
 * @param folder of the built console.
 * @returns `{ files, initial: { files, scripts, styles, gzipBytes }, limitBytes, withinLimit }`; each of `files` is
 * `{ name, initial, rawBytes, gzipBytes, brotliBytes }`, largest first.
 */
export function measureBundle(folder) {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const first = initialFiles(html, folder);
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && MEASURED.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .map((name) => ({ name, initial: first.has(name), ...sizes(join(folder, name)) }))
    .sort((a, b) => b.gzipBytes - a.gzipBytes);
  const initial = files.filter((file) => file.initial);
  const sum = (ending) =>
    initial
      .filter(({ name }) => name.endsWith(ending))
      .reduce((total, { gzipBytes }) => total + gzipBytes, 0);
  const gzipBytes = sum('.js') + sum('.css');
  return {
    files,
    initial: { files: initial.length, scriptGzipBytes: sum('.js'), styleGzipBytes: sum('.css'), gzipBytes },
    limitBytes: INITIAL_GZIP_BYTES_MAX,
    withinLimit: gzipBytes <= INITIAL_GZIP_BYTES_MAX,
  };
}

/** What the page names, and all that those import before they run; what is imported later is not among them. */
function initialFiles(html, folder) {
  const found = new Set();
  const wanted = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(
    ([, name]) => name,
  );
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (name.endsWith('.js')) wanted.push(...staticImports(readFileSync(join(folder, name), 'utf8'), name));
  }
  return found;
}

/** A static import has no bracket before its address: `from"./x.js"` and `import"./x.js"`. */
function staticImports(text, name) {
  const imports = text.matchAll(/(?:\bfrom|\bimport)\s*["'](\.{1,2}\/[^"']+\.js)["']/g);
  return [...imports].map(([, path]) => new URL(path, `file:///${name}`).pathname.slice(1));
}

function sizes(path) {
  const content = readFileSync(path);
  return {
    rawBytes: content.length,
    gzipBytes: gzipSync(content, { level: 9 }).length,
    brotliBytes: brotliCompressSync(content).length,
  };
}
