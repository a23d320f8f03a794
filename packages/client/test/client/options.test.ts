import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type ClientOptions, createClient } from '../../src/index.ts';
import { createTestServer, memoryJournal } from '../../src/testing/index.ts';
import { SDK } from '../../src/version.ts';
import { collectorOf, FIX_CODE } from '../support/accounts.ts';
import { rightFix } from '../support/client.ts';

const GOOD_KEY = createTestServer().serverKeys[0] ?? '';
const GOOD: ClientOptions<unknown> = {
  url: 'https://piculus.example.com',
  systemKey: 'pk_0123456789',
  serverKeys: [GOOD_KEY],
  application: { name: 'pbap', version: '1.0.0' },
  fixes: [{ collector: collectorOf(), fix: rightFix }],
  journal: memoryJournal(),
};

describe('options', () => {
  test('that are complete make a client that waits for its start', () => {
    expect(createClient(GOOD).state).toBe('new');
  });

  test.each<[string, object]>([
    ['url', { url: 'nowhere' }],
    ['systemKey', { systemKey: '' }],
    ['systemKey', { systemKey: undefined }],
    ['systemKey', { systemKey: 'two words' }],
    ['serverKeys', { serverKeys: undefined }],
    ['serverKeys', { serverKeys: '' }],
    ['serverKeys', { serverKeys: ['ed25519:short'] }],
    ['serverKeys', { serverKeys: `${GOOD_KEY},${GOOD_KEY.toUpperCase()}` }],
    ['serverKeys', { serverKeys: Array(9).fill(GOOD_KEY) }],
    ['application.name', { application: undefined }],
    ['application.version', { application: { name: 'pbap', version: '' } }],
    ['fixes', { fixes: [] }],
    ['fixes[0].fix', { fixes: [{ collector: collectorOf() }] }],
    ['fixes[0].collector', { fixes: [{ fix: rightFix }] }],
    ['fixes[0].collector.fixCode', { fixes: [{ collector: collectorOf([], 'otherFix'), fix: rightFix }] }],
    [
      'fixes[0].fix.fixCode',
      { fixes: [{ collector: collectorOf([], 'Upper'), fix: { ...rightFix, fixCode: 'Upper' } }] },
    ],
    [
      'fixes[1].fix.fixCode',
      { fixes: [...GOOD.fixes, { collector: collectorOf([], FIX_CODE), fix: rightFix }] },
    ],
    [
      'fixes[0].fix.personal',
      { fixes: [{ collector: collectorOf(), fix: { ...rightFix, personal: ['a.b'] } }] },
    ],
    ['journal', { journal: undefined }],
    ['places', { places: 0 }],
    ['places', { places: 1.5 }],
    ['personal', { personal: ['order.'] }],
    ['commandMs', { commandMs: -1 }],
    ['reconnect.maxMs', { reconnect: { maxMs: Number.NaN } }],
  ])('name %s where it is wrong: %j', (name, wrong) => {
    const make = (): unknown => Reflect.apply(createClient, undefined, [{ ...GOOD, ...wrong }]);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`${name}: `);
  });

  test('the version is that of the package', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    expect(JSON.parse(text)).toMatchObject(SDK);
  });
});
