/** The clock of the machine is set back or ahead: nothing that is measured by time that passed may believe it. */
import { describe, expect, test } from 'vitest';
import { countElapsed } from '../../src/clock.ts';
import { createTestServer, manualClock } from '../../src/testing/index.ts';
import { collectorOf, FIX_CODE } from '../support/accounts.ts';
import { clientOf, nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

const HOUR_MS = 3_600_000;
const command = (businessKey: string) => ({ fixCode: FIX_CODE, businessKey, scenario: 'C1' as const });

describe('a clock that was set back by an hour', () => {
  test('does not hide that the server is silent', async () => {
    const clock = manualClock();
    const deaf = gate();
    const server = createTestServer({
      before: ({ type }) => (type === 'heartbeat' ? deaf.opened : undefined),
    });
    const client = clientOf(server, { clock });
    client.start();
    await server.connected();
    await clock.sleeping((ms) => ms === 5_000);
    clock.setBy(-HOUR_MS);
    const lost = nextEvent(client, (event) => event.type === 'state' && event.state === 'waiting');
    await clock.advance(40_000);
    expect(await lost).toMatchObject({ detail: 'the server does not answer' });
    await client.stop();
  });

  test('does not make a lease last that the server has given to somebody else', async () => {
    const clock = manualClock();
    const [deaf, running, held] = [gate(), gate(), gate()];
    const begun: string[] = [];
    const fix = {
      ...rightFix,
      examine: async ({ businessKey }: { readonly businessKey: string }) => {
        begun.push(businessKey);
        running.open();
        await held.opened;
      },
    };
    const server = createTestServer({
      before: ({ type }) => (type === 'heartbeat' ? deaf.opened : undefined),
    });
    const client = clientOf(server, { clock, places: 1, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    await server.connected();
    // Neither is answered in time, so this never resolves.
    void server.fix([command('R1'), command('R2')], { leaseId: 'lease-1', leaseMs: 8_000 });
    await running.opened;
    clock.setBy(-HOUR_MS);
    await clock.advance(9_000);
    const ended = nextEvent(client, (event) => event.type === 'fix-finished');
    held.open();
    await ended;
    await client.stop();
    expect(begun).toEqual(['R1']);
  });
});

describe('the time that passed', () => {
  /** Two clocks that a test moves. */
  const clocks = () => {
    const at = { wall: 1_000_000, steady: 50 };
    const elapsed = countElapsed(
      () => at.wall,
      () => at.steady,
    );
    const start = elapsed();
    return {
      pass: (ms: number) => {
        at.wall += ms;
        at.steady += ms;
      },
      set: (ms: number) => {
        at.wall += ms;
      },
      since: () => elapsed() - start,
    };
  };

  test('goes on by what passes, whatever the clock is set back by', () => {
    const { pass, set, since } = clocks();
    pass(500);
    expect(since()).toBe(500);
    set(-HOUR_MS);
    expect(since()).toBe(500);
    pass(700);
    expect(since()).toBe(1_200);
  });

  test('counts what the machine slept, in which its steady clock stood', () => {
    const { pass, set, since } = clocks();
    pass(500);
    since();
    set(60_000);
    expect(since()).toBe(60_500);
    pass(100);
    expect(since()).toBe(60_600);
    set(-60_000);
    expect(since()).toBe(60_600);
  });

  test('does not add up what two clocks differ by from look to look', () => {
    const { pass, set, since } = clocks();
    for (let look = 0; look < 1_000; look += 1) {
      pass(10);
      set(look % 2 === 0 ? 1 : -1);
      since();
    }
    expect(since()).toBe(10_000);
  });
});
