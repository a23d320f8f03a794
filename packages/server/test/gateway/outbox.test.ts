/** What a sender is told of a connection that ends, on a connection made by hand: the moments cannot be chosen on a real one. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { noMetrics } from '../../src/base/metrics.ts';
import { NotSent } from '../../src/base/services.ts';
import { Outbox } from '../../src/gateway/outbox.ts';

function outboxOver(open: { value: boolean }) {
  const states: string[] = [];
  const connection = {
    remoteAddress: 'here',
    bufferedBytes: 0,
    send: () => open.value,
    pause: () => {},
    resume: () => {},
    close: () => {},
    terminate: () => {},
  };
  const messages = {
    record: () => {},
    settle: (_id: string, state: string) => states.push(state),
    list: async () => ({ items: [], next: null }),
    forProblem: async () => [],
    stats: () => Promise.reject(new Error('nobody asks for figures here')),
    flush: async () => {},
  };
  return {
    states,
    outbox: new Outbox({ connection, clock: systemClock, messages, metrics: noMetrics, sysCode: 'PBAP' }),
  };
}
const failure = (sent: Promise<void>): Promise<unknown> =>
  sent.then(() => null).catch((error: unknown) => error);

describe('a message to a connection', () => {
  it('that is closing already is known not to have gone out', async () => {
    const { outbox, states } = outboxOver({ value: false });
    expect(await failure(outbox.send('cancel-collect', { commandId: '1' }))).toBeInstanceOf(NotSent);
    expect(states).toEqual(['lost']);
  });

  it('that has ended is known not to have gone out', async () => {
    const { outbox } = outboxOver({ value: true });
    outbox.close();
    expect(await failure(outbox.send('cancel-collect', { commandId: '1' }))).toBeInstanceOf(NotSent);
  });

  it('that ends before the answer may have arrived', async () => {
    const { outbox, states } = outboxOver({ value: true });
    const sent = failure(outbox.send('cancel-collect', { commandId: '1' }));
    outbox.close();
    const error = await sent;
    expect(error).toMatchObject({ code: 'no-client' });
    expect(error).not.toBeInstanceOf(NotSent);
    expect(states).toEqual(['lost']);
  });
});
