import { expect, test } from 'vitest';
import { figuresQuery, messageQuery, newerThan } from '../../src/pages/messages/message-query.ts';

const FIRST = { after: undefined, heartbeats: false } as const;

test('heartbeats are left out until they are asked for, by the switch or as a type', () => {
  const plain = messageQuery({}, FIRST);
  expect('query' in plain && plain.query.type).toContain('unreadable');
  expect('query' in plain && plain.query.type).not.toContain('heartbeat');
  const all = messageQuery({}, { ...FIRST, heartbeats: true });
  expect('query' in all && all.query.type).toBeUndefined();
  const chosen = messageQuery({ type: 'heartbeat,hello' }, FIRST);
  expect('query' in chosen && chosen.query.type).toEqual(['heartbeat', 'hello']);
});

test('an address becomes the query of the API', () => {
  const asked = messageQuery(
    { collectionId: '7', state: 'refused,lost', latencyMsFrom: '250', from: '2026-11-22T19:00:00.000Z' },
    { after: '12', heartbeats: true },
  );
  expect(asked).toEqual({
    query: {
      limit: 50,
      after: '12',
      collectionId: '7',
      state: ['refused', 'lost'],
      latencyMsFrom: 250,
      from: '2026-11-22T19:00:00.000Z',
    },
  });
});

test('a value that the server would refuse is named, not dropped', () => {
  expect(messageQuery({ latencyMsFrom: 'slow' }, FIRST)).toEqual({ wrong: 'latencyMsFrom' });
  expect(messageQuery({ state: 'gone' }, FIRST)).toEqual({ wrong: 'state' });
});

const NOW = Date.parse('2026-11-22T20:30:00.000Z');

test('charts show the span of the list, a day of it at most', () => {
  expect(figuresQuery({ sysCode: 'PBAP' }, NOW)).toEqual({ query: { sysCode: 'PBAP' }, cut: false });
  const from = '2026-11-22T12:00:00.000Z';
  expect(figuresQuery({ from }, NOW)).toEqual({ query: { from }, cut: false });
  const to = '2026-11-20T12:00:00.000Z';
  expect(figuresQuery({ from: '2026-11-01T00:00:00.000Z', to }, NOW)).toEqual({
    query: { from: '2026-11-19T12:00:00.000Z', to },
    cut: true,
  });
});

test('an open end is cut at whole hours, so that the same is asked for until the next', () => {
  const long = { from: '2026-11-01T00:00:00.000Z' };
  expect(figuresQuery(long, NOW)).toEqual({ query: { from: '2026-11-21T21:00:00.000Z' }, cut: true });
  expect(figuresQuery(long, NOW + 60_000)).toEqual(figuresQuery(long, NOW));
});

test('ids are compared as numbers', () => {
  expect(newerThan('99', ['101', '100', '99', '98'])).toBe(2);
  expect(newerThan('9007199254740992', ['9007199254740993'])).toBe(1);
});
