import type { Verb } from '@piculus/protocol';
import { expect, it } from 'vitest';
import { entryOf, isFor, MENU } from '../../src/app/menu.ts';
import type { May } from '../../src/app/may.ts';

/** Somebody who may do these things in one system, and those in all. */
const who = (somewhere: readonly Verb[], everywhere: readonly Verb[] = []): May => ({
  may: (verb) => everywhere.includes(verb),
  mayAnywhere: (verb) => somewhere.includes(verb) || everywhere.includes(verb),
});
const shown = (may: May): string[] =>
  MENU.flatMap(({ entries }) => entries)
    .filter((entry) => isFor(entry, may))
    .map(({ to }) => to);

it('shows nothing to who may do nothing', () => {
  expect(shown(who([]))).toEqual([]);
});

it('shows no page of acts to who may only look', () => {
  const entries = shown(who(['view']));
  expect(entries).toContain('/problems');
  for (const to of ['/collect', '/users', '/roles', '/systems', '/audit']) expect(entries).not.toContain(to);
});

it('shows people and roles only to who administers everything', () => {
  const one = shown(who(['view', 'administer']));
  expect(one).toContain('/systems');
  expect(one).toContain('/audit');
  expect(one).not.toContain('/users');
  expect(shown(who([], ['view', 'administer']))).toEqual(expect.arrayContaining(['/users', '/roles']));
});

it.each([
  ['/', '/'],
  ['/users', '/users'],
  ['/problems/17', '/problems'],
  ['/problemsolving', undefined],
  ['/no/such/page', undefined],
])('finds the entry of %s', (pathname, to) => {
  expect(entryOf(pathname)?.to).toBe(to);
});
