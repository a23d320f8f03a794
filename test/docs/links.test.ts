/** Every link between the pages leads to a file that is there, and every page speaks of the project alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

describe('pages', () => {
  it.each(pages)('%s has no link to nowhere', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    for (const link of links.filter((each) => !/^[a-z]+:/.test(each))) {
      expect(existsSync(join(root, dirname(page), link)), link).toBe(true);
    }
  });

  it('are listed where decisions are listed', () => {
    const index = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8');
    for (const name of readdirSync(join(root, 'docs/decisions')))
      if (name !== 'README.md') expect(index).toContain(`(${name})`);
  });
});
