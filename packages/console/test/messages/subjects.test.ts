import { commandKey } from '@piculus/protocol';
import { expect, test } from 'vitest';
import { subjectsOf } from '../../src/pages/messages/subjects.ts';

test('problems are found wherever the message names them, each once', () => {
  const payload = {
    leaseId: 'l',
    items: [
      { problemId: '7', businessKey: 'T0000001' },
      { problemId: '8', businessKey: 'T0000002', facts: { order: { businessKey: 'T0000002' } } },
      { problemId: '7', businessKey: 'T0000001' },
    ],
  };
  expect(subjectsOf(payload)).toEqual([
    { problemId: '7', businessKey: 'T0000001' },
    { problemId: '8', businessKey: 'T0000002' },
  ]);
});

test('an order without its problem is told too', () => {
  expect(subjectsOf({ businessKey: 'T0000001', steps: [] })).toEqual([
    { problemId: null, businessKey: 'T0000001' },
  ]);
});

test('where only the command key is there, it tells the order number', () => {
  const key = commandKey({ sysCode: 'PBAP', fixCode: 'f', businessKey: 'A/1 é', reopenCount: 0 });
  expect(subjectsOf({ results: [{ problemId: '7', commandKey: key }] })).toEqual([
    { problemId: '7', businessKey: 'A/1 é' },
  ]);
});

test('what is no such thing is left alone', () => {
  const hostile = { problemId: '../../users', businessKey: 12, commandKey: 'cmd/%E0%A4%A/f/%E0%A4%A/0' };
  expect(subjectsOf(hostile)).toEqual([]);
  expect(subjectsOf(null)).toEqual([]);
  expect(subjectsOf('cmd/PBAP/f/T1/0')).toEqual([]);
  const deep = Array.from({ length: 5_000 }).reduce<unknown>((inner) => [inner], { businessKey: 'T1' });
  expect(subjectsOf(deep)).toEqual([]);
});
