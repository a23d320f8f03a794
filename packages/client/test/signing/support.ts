/** A client with a fix of which every touch is counted, and commands that are signed by hand. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { FixCommand, FixItem, ServerKeysNews } from '@piculus/protocol';
import {
  type Audience,
  fixBytes,
  fixItemBytes,
  type ServerKey,
  serverKeyOf,
  serverKeysBytes,
  signBytes,
} from '@piculus/protocol/signing';
import { type Client, type ClientOptions, defineFix, systemClock } from '../../src/index.ts';
import { createTestServer } from '../../src/testing/index.ts';
import { collectorOf, factsOf, FIX_CODE } from '../support/accounts.ts';
import { clientOf } from '../support/client.ts';

const NOW = Date.parse('2026-11-22T10:00:00.000Z');
/** A time so long after now, on the clock of the clients here. */
export const at = (ms: number): string => new Date(NOW + ms).toISOString();

export type Pair = ServerKey & { readonly privateKey: KeyObject };
export function pair(): Pair {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...serverKeyOf(privateKey), privateKey };
}
/** Pinned, known to nobody yet, and never to be known. */
export const [KEY, NEXT, STRANGER] = [pair(), pair(), pair()];

function spyFix() {
  const touched: string[] = [];
  const touch =
    <T>(name: string, value: T) =>
    () => {
      touched.push(name);
      return value;
    };
  const fix = defineFix({
    fixCode: FIX_CODE,
    fence: touch('fence', Promise.resolve({ held: true as const, release: async () => {} })),
    examine: touch('examine', Promise.resolve(null)),
    facts: touch('facts', factsOf('SUCCESS', 'credited')),
    plan: touch('plan', { verdict: 'already-right' as const, scenario: null, reason: 'all agree' }),
    apply: touch('apply', Promise.resolve({ result: 'continue' as const })),
    reveal: touch('reveal', Promise.resolve({})),
  });
  return { fix, touched };
}

export async function spied(options: Partial<ClientOptions<unknown>> = {}, sysCode = 'PBAP') {
  const server = createTestServer({ sysCode });
  const { fix, touched } = spyFix();
  const client = clientOf(server, {
    fixes: [{ collector: collectorOf(), fix }],
    serverKeys: [KEY.text],
    personal: ['payee'],
    places: 500,
    clock: { ...systemClock, now: () => new Date(NOW) },
    ...options,
  });
  client.start();
  await server.connected();
  return { server, client, touched };
}

export const audienceOf = ({ clientId }: Client): Audience => ({ sysCode: 'PBAP', clientId });

export interface Otherwise {
  readonly key?: Pair;
  readonly lease?: Partial<FixCommand>;
  readonly audience?: Partial<Audience>;
}

/** A command of one item, signed as the server would. */
export function signed(
  client: Client,
  change: Partial<FixItem> = {},
  { key = KEY, lease = {}, audience = {} }: Otherwise = {},
): FixCommand {
  const header = { leaseId: 'lease-1', epoch: 1, leaseMs: 600_000, ...lease };
  const item: FixItem = {
    problemId: '17',
    commandKey: `cmd/PBAP/${FIX_CODE}/R1/0`,
    fixCode: FIX_CODE,
    businessKey: 'R1',
    scenario: 'C1',
    amountMinor: '70000',
    currency: 'CNY',
    attempt: 1,
    trigger: 'tick',
    previousOutcome: 'failed',
    evidenceHash: 'ab'.repeat(32),
    notBefore: at(0),
    expiresAt: at(300_000),
    keyId: key.keyId,
    ...change,
  };
  const bytes = fixItemBytes({ ...audienceOf(client), ...audience }, header, item);
  return { ...header, items: [{ ...item, signature: signBytes(key.privateKey, bytes) }] };
}

/** The same command, signed once for the whole message; more items are like the first but for what is given. */
export function signedWhole(
  client: Client,
  change: Partial<FixItem> = {},
  { key = KEY, lease = {}, audience = {} }: Otherwise = {},
  more: readonly Partial<FixItem>[] = [],
): FixCommand {
  const { items, ...header } = signed(client, change, { key, lease });
  const bare = items.map((item) => {
    const { notBefore: _from, expiresAt: _to, keyId: _key, signature: _by, ...rest } = item;
    return rest;
  });
  const [{ notBefore, expiresAt, keyId } = { notBefore: at(0), expiresAt: at(0), keyId: '' }] = items;
  const all = bare.flatMap((item) => [item, ...more.map((other) => ({ ...item, ...other }))]);
  const command: FixCommand = { ...header, items: all, notBefore, expiresAt, keyId };
  const bytes = fixBytes({ ...audienceOf(client), ...audience }, command);
  return { ...command, signature: signBytes(key.privateKey, bytes) };
}

/** What the server says of its keys, signed by these. */
export function newsOf(client: Client, keys: readonly Pair[], signers = keys): ServerKeysNews {
  const told = {
    keys: keys.map(({ text }) => text),
    notBefore: at(0),
    expiresAt: at(300_000),
    signatures: [],
  };
  const bytes = serverKeysBytes(audienceOf(client), told);
  const signatures = signers.map(({ keyId, privateKey }) => ({
    keyId,
    signature: signBytes(privateKey, bytes),
  }));
  return { ...told, signatures };
}
