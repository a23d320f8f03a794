/** The request and the answer of one execution among the messages of its problem; and its place in the address. */
import type { Message } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import { executionQuery } from '../../src/pages/executions/fields.ts';
import { idsIn } from '../../src/pages/executions/open.ts';
import { exchangeOf } from '../../src/parts/exchange.ts';

const message = (type: string, leaseId: string | null, payload: unknown): Message => ({
  id: '1',
  messageId: 'm',
  direction: type === 'fix' ? 'out' : 'in',
  type,
  sysCode: 'PBAP',
  clientId: 'c',
  state: 'accepted',
  errorCode: null,
  collectionId: null,
  leaseId,
  sizeBytes: 1,
  latencyMs: null,
  at: '2026-11-22T20:00:00.000Z',
  payload,
});
const item = (attempt: number) => ({ problemId: '7', commandKey: 'k', attempt });
const result = (outcome: string) => ({ problemId: '7', commandKey: 'k', outcome });
const other = { problemId: '8', commandKey: 'other', attempt: 1, outcome: 'fixed' };

describe('request and answer of an execution', () => {
  it('belong together by their lease, one attempt by the other', () => {
    const messages = [
      message('fix-results', 'second', { results: [other, result('fixed')] }),
      message('fix', 'second', { items: [other, item(2)] }),
      message('fix-results', 'first', { results: [result('failed')] }),
      message('fix', 'first', { items: [item(1)] }),
    ];
    const of = (attempt: number) => exchangeOf(messages, { problemId: '7', commandKey: 'k', attempt });
    expect(of(1)).toMatchObject({ leaseId: 'first', answer: { item: result('failed') } });
    expect(of(2)).toMatchObject({
      leaseId: 'second',
      request: { item: item(2) },
      answer: { item: result('fixed') },
    });
    expect(of(3)).toEqual({ leaseId: null, request: null, answer: null });
  });

  it('are missing rather than wrong where payloads are not what they should be', () => {
    const odd = [null, 'text', [], { items: 'x' }, { items: [null, 'x'] }];
    const messages = odd.map((payload) => message('fix', 'l', payload));
    const sent = { problemId: '7', commandKey: 'k', attempt: 1 };
    expect(exchangeOf(messages, sent).request).toBeNull();
    expect(exchangeOf([message('fix', 'l', { items: [item(1)] })], sent)).toMatchObject({
      leaseId: 'l',
      answer: null,
    });
  });
});

describe('the address of executions', () => {
  it('names an open execution by two ids and nothing else', () => {
    expect(idsIn('88-53')).toEqual({ problemId: '88', id: '53' });
    for (const wrong of [null, '', '88', '0-1', '88-', '88-53-1', 'a-b']) expect(idsIn(wrong)).toBeNull();
  });

  it('leaves out outcomes and triggers that are none', () => {
    expect(executionQuery({ outcome: 'fixed,nonsense,failed', trigger: 'never', sysCode: 'PBAP' })).toEqual({
      sysCode: 'PBAP',
      outcome: ['fixed', 'failed'],
    });
  });
});
