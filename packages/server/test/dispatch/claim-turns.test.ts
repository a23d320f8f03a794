/** Claims of one system, one after another, and what those who wait are spared. */
import type { FixCommand } from '@piculus/protocol';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/base/services.ts';
import { ClaimTurns } from '../../src/dispatch/claim-turns.ts';

const COMMAND: FixCommand = { leaseId: 'lease', epoch: 1, leaseMs: 15_000, items: [] };

const client = (change: Partial<Session> = {}): Session => ({
  clientId: 'client',
  sysCode: 'PBAP',
  clientVersion: '1.0.0',
  places: 16,
  freePlaces: 16,
  collectors: new Set(),
  fixes: new Set(['oneFix', 'otherFix']),
  send: () => Promise.resolve(),
  ...change,
});

/** Claims that begin when they are called, and end when the test says so. */
function claims() {
  const begun: { session: Session; max: number; end(found: FixCommand | null | Error): void }[] = [];
  const turns = new ClaimTurns({
    claim: (session, max) =>
      new Promise((resolve, reject) => {
        begun.push({
          session,
          max,
          end: (found) => (found instanceof Error ? reject(found) : resolve(found)),
        });
      }),
  });
  /** Lets everything happen that needs no end of a claim. */
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const end = async (index: number, found: FixCommand | null | Error): Promise<void> => {
    begun[index]?.end(found);
    await settled();
  };
  return { begun, turns, settled, end };
}

describe('claims of one system', () => {
  it('begin one after another, also after one that failed', async () => {
    const { begun, turns, settled, end } = claims();
    const first = turns.claim(client(), false);
    const second = turns.claim(client({ freePlaces: 3 }), false);
    const third = turns.claim(client(), false);
    await settled();
    expect(begun).toHaveLength(1);
    const failed = expect(first).rejects.toThrow('away');
    await end(0, new Error('the database is away'));
    await failed;
    expect(begun.map(({ max }) => max)).toEqual([16, 3]);
    await end(1, COMMAND);
    await end(2, COMMAND);
    await expect(Promise.all([second, third])).resolves.toEqual([COMMAND, COMMAND]);
  });

  it('do not wait for those of another system', async () => {
    const { begun, turns, settled, end } = claims();
    const asked = [turns.claim(client(), false), turns.claim(client({ sysCode: 'OTHER' }), false)];
    await settled();
    expect(begun.map(({ session }) => session.sysCode)).toEqual(['PBAP', 'OTHER']);
    await end(0, COMMAND);
    await end(1, COMMAND);
    await Promise.all(asked);
  });

  it('spare those who asked before one that found nothing had begun', async () => {
    const { begun, turns, settled, end } = claims();
    const first = turns.claim(client(), false);
    await settled();
    // While the first is under way: both ask before the second begins.
    const waiting = [
      turns.claim(client(), false),
      turns.claim(client(), false),
      turns.claim(client(), false),
    ];
    await end(0, COMMAND);
    await end(1, null);
    await expect(Promise.all([first, ...waiting])).resolves.toEqual([COMMAND, null, null, null]);
    expect(begun).toHaveLength(2);
  });

  it('ask anew for whoever asked after the empty one had begun: what woke them may have come later', async () => {
    const { begun, turns, settled, end } = claims();
    const first = turns.claim(client(), false);
    await settled();
    const later = turns.claim(client(), false);
    await end(0, null);
    await end(1, COMMAND);
    await expect(Promise.all([first, later])).resolves.toEqual([null, COMMAND]);
    expect(begun).toHaveLength(2);
  });

  it('ask anew for a client with other fixes', async () => {
    const { begun, turns, settled, end } = claims();
    const first = turns.claim(client(), false);
    await settled();
    const same = turns.claim(client({ fixes: new Set(['otherFix', 'oneFix']) }), false);
    const same2 = turns.claim(client(), false);
    const other = turns.claim(client({ fixes: new Set(['oneFix']) }), false);
    await end(0, COMMAND);
    await end(1, null);
    await end(2, COMMAND);
    await expect(Promise.all([first, same, same2, other])).resolves.toEqual([COMMAND, null, null, COMMAND]);
    expect(begun.map(({ session }) => session.fixes.size)).toEqual([2, 2, 1]);
  });

  it('are for the places that are free when it is their turn; for none, nothing is asked or learned', async () => {
    const { begun, turns, settled, end } = claims();
    const first = turns.claim(client(), false);
    await settled();
    let free = 1;
    const changing = (): Session => Object.defineProperty(client(), 'freePlaces', { get: () => free });
    const full = turns.claim(changing(), false);
    const room = turns.claim(client(), false);
    free = 0;
    await end(0, COMMAND);
    await end(1, COMMAND);
    await expect(Promise.all([first, full, room])).resolves.toEqual([COMMAND, null, COMMAND]);
    expect(begun).toHaveLength(2);
  });
});
