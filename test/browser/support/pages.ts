/** Every page of the console, once: what the tests and the screenshots go through. */
import type { Page } from 'playwright-core';
import type { Seeded } from './seed.ts';
import { readyMain } from './site.ts';
import { walk } from './walk.ts';

export interface ListedPage {
  /** Names its picture. */
  readonly name: string;
  /** Its entry in the menu, as an address; null for pages that are reached from another page. */
  readonly menu: string | null;
  readonly signedIn: boolean;
  /** Used on a phone at night, so it is looked at dark and narrow as well. */
  readonly onCall: boolean;
  readonly path: (seeded: Seeded) => string;
}

const page = (
  name: string,
  path: string | ((seeded: Seeded) => string),
  given: Partial<ListedPage> = {},
): ListedPage => ({
  name,
  menu: typeof path === 'string' ? path : null,
  signedIn: true,
  onCall: false,
  path: typeof path === 'string' ? () => path : path,
  ...given,
});

const MISSING = 'missing';

export const PAGES: readonly ListedPage[] = [
  page('sign-in', '/', { signedIn: false, menu: null }),
  page('home', '/', { onCall: true }),
  page('collect', '/collect'),
  page('handling', '/handling', { onCall: true }),
  page('problems', '/problems'),
  page('problem', ({ manualProblemId }) => `/problems/${manualProblemId}`, { onCall: true }),
  page('problem-fixed', ({ fixedProblemId }) => `/problems/${fixedProblemId}`),
  page('problem-needs-human', ({ needsHumanProblemId }) => `/problems/${needsHumanProblemId}`),
  page('collections', '/collections'),
  page('collection', ({ collectionId }) => `/collections/${collectionId}`),
  page('bulk-runs', '/bulk-runs', { menu: null }),
  page('bulk-run', ({ bulkRunId }) => `/bulk-runs/${bulkRunId}`),
  page('executions', '/executions'),
  page('messages', '/messages'),
  page('clients', '/clients'),
  page('solutions', '/solutions'),
  page('solution-new', '/solutions/new', { menu: null }),
  page('solution-import', '/solutions/import', { menu: null }),
  page('solution', ({ solutionId }) => `/solutions/${solutionId}`),
  page('limits', '/limits'),
  page('approvals', '/approvals'),
  page('approval-policy', '/approval-policy'),
  page('users', '/users'),
  page('roles', '/roles'),
  page('systems', '/systems'),
  page('audit', '/audit'),
  page(MISSING, '/no/such/page', { menu: null }),
];

/**
 * Goes on to the page from another page of the console, and waits until it is usable. Two are loaded, as between them
 * and what `walk` passes on its way nothing changes: the form for signing in, and the page that there is not.
 */
export async function visit(page: Page, listed: ListedPage, seeded: Seeded): Promise<void> {
  const { name, signedIn, path } = listed;
  if (signedIn && name !== MISSING) return walk(page, path(seeded));
  await page.goto(path(seeded));
  await readyMain(page).first().waitFor();
}
