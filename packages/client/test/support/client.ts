import { type ClientEvent, type Client, type ClientOptions, createClient } from '../../src/index.ts';
import { memoryJournal, type TestServer } from '../../src/testing/index.ts';
import { collectorOf, factsOf, FIX_CODE } from './accounts.ts';
import { gate } from './gate.ts';

/** A client of a test server with sensible options; `fix` finds everything right unless a test says more. */
export function clientOf(server: TestServer, options: Partial<ClientOptions<unknown>> = {}): Client {
  return createClient({
    url: 'ws://127.0.0.1:1',
    systemKey: 'key-of-the-test',
    serverKeys: server.serverKeys,
    application: { name: 'pbap', version: '1.0.0' },
    fixes: [{ collector: collectorOf(), fix: rightFix }],
    journal: memoryJournal(),
    reconnect: { baseMs: 1, maxMs: 2, refusedMs: 2 },
    transport: server.transport,
    ...options,
  });
}

export const rightFix: ClientOptions<unknown>['fixes'][number]['fix'] = {
  fixCode: FIX_CODE,
  examine: async () => null,
  facts: () => factsOf('SUCCESS', 'credited'),
  plan: () => ({ verdict: 'already-right', scenario: null, reason: 'all agree' }),
  apply: async () => ({ result: 'continue' }),
};

/** A fix that tells when it runs and goes on when it is let. */
export function heldFix() {
  const running = gate();
  const held = gate();
  const fix = {
    ...rightFix,
    examine: async () => {
      running.open();
      await held.opened;
    },
  };
  return { fix, running, held };
}

export const command = (businessKey: string) => ({ fixCode: FIX_CODE, businessKey, scenario: 'C1' as const });

/** The first try of a command, for a message that is made by hand. */
export const item = (businessKey: string) => ({
  ...command(businessKey),
  attempt: 1,
  trigger: 'tick' as const,
  previousOutcome: null,
  problemId: '1',
  commandKey: `key/${businessKey}`,
  amountMinor: '1',
  currency: 'CNY',
});

/** Resolves with the next event for which this holds. */
export function nextEvent(client: Client, matches: (event: ClientEvent) => boolean): Promise<ClientEvent> {
  return new Promise((resolve) => {
    const stop = client.on((event) => {
      if (!matches(event)) return;
      stop();
      resolve(event);
    });
  });
}
