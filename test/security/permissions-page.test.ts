import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { withTables } from '../../packages/server/src/http/permissions.ts';

it('the page of permissions has the tables of the policy lines', async () => {
  const page = await readFile(new URL('../../docs/permissions.md', import.meta.url), 'utf8');
  // Stale: npm run build && node packages/server/scripts/permissions.mjs
  expect(page).toBe(withTables(page));
  expect(() => withTables('# Without a table')).toThrow(/no place/);
});
