import type { ErrorCode, FixCommand, FixItem, ServerMessageBody } from '@piculus/protocol';
import { previewBytes, signBytes } from '@piculus/protocol/signing';
import { afterEach, expect, test } from 'vitest';
import type { Client } from '../../src/index.ts';
import { createTestServer, type TestServer } from '../../src/testing/index.ts';
import { FIX_CODE } from '../support/accounts.ts';
import { clientOf } from '../support/client.ts';
import { seeded } from '../support/seeded.ts';
import { at, audienceOf, KEY, newsOf, NEXT, signed, signedWhole, spied, STRANGER } from './support.ts';

const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop({ drainMs: 1 })));
});
const start: typeof spied = async (...given) => {
  const made = await spied(...given);
  clients.push(made.client);
  return made;
};

const first = (command: FixCommand): FixItem => command.items[0] ?? expect.unreachable();
const withItem = (command: FixCommand, change: Partial<FixItem>): FixCommand => ({
  ...command,
  items: [{ ...first(command), ...change }],
});
const without = (command: FixCommand, field: keyof FixItem): FixCommand => {
  const kept = Object.entries(first(command)).filter(([name]) => name !== field);
  return { ...command, items: [Object.fromEntries(kept) as FixItem] };
};

test('a command that the server signed is executed, and its answer names the evidence', async () => {
  const { server, client, touched } = await start();
  expect(await server.send('fix', signed(client))).toBe(null);
  const answer = await server.message(({ type }) => type === 'fix-results');
  expect(answer).toMatchObject({
    body: { results: [{ evidenceHash: 'ab'.repeat(32), outcome: 'already-right' }] },
  });
  expect(touched).toContain('examine');
});

test.each<[string, ErrorCode, (client: Client) => FixCommand]>([
  ['names no key', 'command-unsigned', (c) => without(signed(c), 'keyId')],
  ['has no expiry', 'command-unsigned', (c) => without(signed(c), 'expiresAt')],
  ['is signed by a stranger', 'command-key-unknown', (c) => signed(c, {}, { key: STRANGER })],
  [
    'is signed by a stranger in the name of the key',
    'command-forged',
    (c) => signed(c, { keyId: KEY.keyId }, { key: STRANGER }),
  ],
  ['is for another system', 'command-forged', (c) => signed(c, {}, { audience: { sysCode: 'PBMS' } })],
  ['is for another client', 'command-forged', (c) => signed(c, {}, { audience: { clientId: 'other' } })],
  ['expired', 'command-expired', (c) => signed(c, { notBefore: at(-900_000), expiresAt: at(-60_001) })],
  ['is not valid yet', 'command-too-early', (c) => signed(c, { notBefore: at(60_001) })],
  [
    'has another expiry than was signed',
    'command-forged',
    (c) => withItem(signed(c), { expiresAt: at(900_000) }),
  ],
  ['lasts longer than was signed', 'command-forged', (c) => ({ ...signed(c), leaseMs: 86_400_000 })],
  ['is under another lease', 'command-forged', (c) => ({ ...signed(c), leaseId: 'lease-2' })],
  [
    'has a second item that was not signed',
    'command-forged',
    (c) => {
      const command = signed(c);
      return { ...command, items: [first(command), { ...first(command), businessKey: 'R2' }] };
    },
  ],
])('a command that %s is refused as %s before the fix sees it', async (_, code, make) => {
  const { server, client, touched } = await start();
  expect(await server.send('fix', make(client))).toBe(code);
  expect(touched).toEqual([]);
});

test('a command that the server signed as a whole is executed', async () => {
  const { server, client, touched } = await start();
  expect(await server.send('fix', signedWhole(client))).toBe(null);
  const answer = await server.message(({ type }) => type === 'fix-results');
  expect(answer).toMatchObject({ body: { results: [{ outcome: 'already-right' }] } });
  expect(touched).toContain('examine');
});

const SECOND = { problemId: '18', commandKey: 'PBAP/fix/R2/0', businessKey: 'R2' };
/** Two items under one signature. */
const pair = (client: Client, lease: Partial<FixCommand> = {}): FixCommand =>
  signedWhole(client, {}, { lease }, [SECOND]);

const lacking = (command: FixCommand, field: keyof FixCommand): FixCommand =>
  Object.fromEntries(Object.entries(command).filter(([name]) => name !== field)) as FixCommand;

test.each<[string, ErrorCode, (client: Client) => FixCommand]>([
  ['names no key', 'command-unsigned', (c) => lacking(signedWhole(c), 'keyId')],
  ['has no expiry', 'command-unsigned', (c) => lacking(signedWhole(c), 'expiresAt')],
  ['has lost its signature', 'command-unsigned', (c) => lacking(signedWhole(c), 'signature')],
  ['is signed by a stranger', 'command-key-unknown', (c) => signedWhole(c, {}, { key: STRANGER })],
  ['is for another system', 'command-forged', (c) => signedWhole(c, {}, { audience: { sysCode: 'PBMS' } })],
  ['is for another client', 'command-forged', (c) => signedWhole(c, {}, { audience: { clientId: 'other' } })],
  ['expired', 'command-expired', (c) => signedWhole(c, { notBefore: at(-900_000), expiresAt: at(-60_001) })],
  ['is not valid yet', 'command-too-early', (c) => signedWhole(c, { notBefore: at(60_001) })],
  ['has another expiry', 'command-forged', (c) => ({ ...signedWhole(c), expiresAt: at(900_000) })],
  ['lasts longer', 'command-forged', (c) => ({ ...signedWhole(c), leaseMs: 86_400_000 })],
  ['is under another lease', 'command-forged', (c) => ({ ...signedWhole(c), leaseId: 'lease-2' })],
  ['names another record', 'command-forged', (c) => withItem(signedWhole(c), { businessKey: 'R2' })],
  [
    'has one item more',
    'command-forged',
    (c) => {
      const command = signedWhole(c);
      return { ...command, items: [first(command), { ...first(command), problemId: '18' }] };
    },
  ],
  ['has one item less', 'command-forged', (c) => ({ ...pair(c), items: pair(c).items.slice(1) })],
  [
    'has its items in another order',
    'command-forged',
    (c) => ({ ...pair(c), items: pair(c).items.toReversed() }),
  ],
  [
    'has an item of another batch',
    'command-forged',
    (c) => ({ ...pair(c), items: [first(pair(c)), first(pair(c, { leaseId: 'lease-2' }))] }),
  ],
  [
    'has the signature of another batch',
    'command-forged',
    (c) => ({ ...pair(c), signature: pair(c, { leaseId: 'lease-2' }).signature }),
  ],
  [
    'has items that are signed, and is not',
    'command-forged',
    (c) => ({ ...signedWhole(c, { businessKey: 'R2' }), items: signed(c).items }),
  ],
  [
    'has the signature of an item for that of the whole',
    'command-forged',
    (c) => ({ ...signedWhole(c), signature: first(signed(c)).signature }),
  ],
])('a command signed as a whole that %s is refused as %s', async (_, code, make) => {
  const { server, client, touched } = await start();
  // As a frame of its own, because a server that is made for tests would sign what is not signed.
  expect(await refusalOf(server, 'forged', make(client))).toBe(code);
  expect(touched).toEqual([]);
});

test('a batch that was signed as a whole and comes again is executed once', async () => {
  const { server, client, touched } = await start();
  const command = signedWhole(client);
  expect(await server.send('fix', command)).toBe(null);
  await server.message(({ type }) => type === 'fix-results');
  const before = touched.length;
  expect(await server.send('fix', command)).toBe(null);
  const other = signedWhole(client, SECOND, { lease: { leaseId: 'lease-2' } });
  expect(await server.send('fix', other)).toBe(null);
  await server.message(
    ({ type, body }) => type === 'fix-results' && JSON.stringify(body).includes('lease-2'),
  );
  expect(touched).toHaveLength(2 * before);
});

test('a server that does not take what a client knows is greeted without it', async () => {
  const old = createTestServer({
    refuse: (message) => (message.type === 'hello' && message.body.knows ? 'invalid-field' : null),
  });
  const client = clientOf(old);
  clients.push(client);
  client.start();
  expect(await old.connected()).not.toHaveProperty('knows');
});

test('clocks may be a minute apart', async () => {
  const { server, client } = await start();
  expect(await server.send('fix', signed(client, { notBefore: at(60_000) }))).toBe(null);
});

test('the system of the key counts, whatever the welcome says', async () => {
  const { server, client, touched } = await start({ systemKey: `pic_PBAP_${'k'.repeat(43)}` }, 'PBMS');
  const forPbms = signed(client, {}, { audience: { sysCode: 'PBMS' } });
  expect(await server.send('fix', forPbms)).toBe('command-forged');
  expect(touched).toEqual([]);
  expect(await server.send('fix', signed(client))).toBe(null);
});

test('the same command key with another amount is answered with an alarm, not executed', async () => {
  const { server, client, touched } = await start();
  await server.send('fix', signed(client));
  await server.message(({ type }) => type === 'fix-results');
  const before = touched.length;
  const other = signed(client, { amountMinor: '70001' }, { lease: { leaseId: 'lease-2' } });
  expect(await server.send('fix', other)).toBe(null);
  const alarmed = await server.message(
    ({ type, body }) => type === 'fix-results' && JSON.stringify(body).includes('payload-changed'),
  );
  expect(alarmed).toMatchObject({ body: { results: [{ outcome: 'refused', alarm: 'payload-changed' }] } });
  expect(touched).toHaveLength(before);
});

test('previews and reveals are refused as well', async () => {
  const { server, client, touched } = await start();
  const preview: ServerMessageBody<'preview'> = {
    previewId: 'p-1',
    fixCode: FIX_CODE,
    businessKey: 'R1',
    scenario: 'C1',
    notBefore: at(0),
    expiresAt: at(300_000),
    keyId: KEY.keyId,
  };
  const signature = signBytes(KEY.privateKey, previewBytes(audienceOf(client), preview));
  const good = { ...preview, signature };
  expect(await server.send('preview', { ...good, businessKey: 'R2' })).toBe('command-forged');
  expect(await server.send('preview', { ...good, amountMinor: '1' })).toBe('command-forged');
  // A signature over a preview is worth nothing for a reveal.
  const { fixCode, businessKey, notBefore, expiresAt, keyId } = good;
  const reveal = {
    revealId: 'p-1',
    fixCode,
    businessKey,
    fields: ['order.payee'],
    notBefore,
    expiresAt,
    keyId,
  };
  expect(await server.send('reveal', { ...reveal, signature })).toBe('command-forged');
  expect(touched).toEqual([]);
  expect(await server.send('preview', good)).toBe(null);
  await server.message(({ type }) => type === 'preview-result');
  expect(touched).toEqual(['examine', 'facts', 'plan']);
});

const put = (command: FixCommand, field: string, value: unknown): object =>
  Object.hasOwn(first(command), field)
    ? { ...command, items: [{ ...first(command), [field]: value }] }
    : { ...command, [field]: value };

/** Other values for what is a number or one of a few words, and for key and signature. */
const OTHERS: Readonly<Record<string, readonly unknown[]>> = {
  attempt: [0, 2, 1.5, 2 ** 31, '1'],
  epoch: [0, 2, -1],
  leaseMs: [0, 599_999, 600_001],
  previousOutcome: ['fixed', 'unknown', null],
  trigger: ['click', 'bulk'],
  scenario: ['C2', 'S1'],
  keyId: [NEXT.keyId, STRANGER.keyId, 'ed25519', 'none', '__proto__', 'constructor'],
  signature: [
    'none',
    'HS256',
    signBytes(STRANGER.privateKey, Buffer.from('x')),
    'A'.repeat(86),
    'A'.repeat(512),
  ],
  __proto__x: [1],
};

/** Every way to change one signed command: each field, each bit of each text, keys, algorithms, the lease. */
function* mutations(command: FixCommand, random: () => number): Generator<object> {
  const item = first(command);
  const texts = Object.entries({ ...command, ...item }).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
  );
  for (const [field, text] of texts) {
    for (let index = 0; index < text.length; index += 1) {
      const [before, after] = [text.slice(0, index), text.slice(index + 1)];
      for (let bit = 0; bit < 7; bit += 1)
        yield put(command, field, before + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + after);
      yield put(command, field, before + after);
    }
    for (const other of [`${text}0`, ` ${text}`, '']) yield put(command, field, other);
  }
  for (const field of Object.keys(item)) {
    yield {
      ...command,
      items: [Object.fromEntries(Object.entries(item).filter(([name]) => name !== field))],
    };
    yield put(command, field, field === 'previousOutcome' ? 'refused' : null);
  }
  for (const field of Object.keys(command)) {
    yield Object.fromEntries(Object.entries(command).filter(([name]) => name !== field));
    yield { ...command, [field]: null };
  }
  for (const [field, values] of Object.entries(OTHERS))
    for (const value of values) yield put(command, field, value);
  for (;;) {
    const [field, text] = texts[Math.floor(random() * texts.length)] ?? expect.unreachable();
    const index = Math.floor(random() * text.length);
    const letter = String.fromCharCode(33 + Math.floor(random() * 94));
    yield put(command, field, text.slice(0, index) + letter + text.slice(index + 1));
  }
}

async function refusalOf(server: TestServer, id: string, body: object): Promise<string> {
  const answered = server.answerTo(id);
  server.sendFrame(JSON.stringify({ v: 1, id, at: at(0), type: 'fix', body }));
  return (await answered) ?? 'taken';
}

test.each([
  ['by itself', 10_000, signed],
  ['as a whole', 10_000, signedWhole],
])(
  'a command signed %s and changed in %i ways is always refused before the fix sees it',
  async (_, ways, sign) => {
    const { server, client, touched } = await start({ serverKeys: [KEY.text, NEXT.text] });
    const command = sign(client);
    const same = JSON.stringify(command);
    const codes = new Map<string, number>();
    let sent = 0;
    for (const changed of mutations(command, seeded(20_261_122))) {
      if (sent === ways) break;
      if (JSON.stringify(changed) === same) continue;
      sent += 1;
      const code = await refusalOf(server, `forged-${sent}`, changed);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(touched).toEqual([]);
    const known = ['command-forged', 'command-key-unknown', 'command-unsigned', 'invalid-field'];
    expect([...codes.keys()].sort()).toEqual(known);
    // About half of them are well-formed and fail at the signature alone.
    expect(codes.get('command-forged')).toBeGreaterThan(4_500);
    // And the one that was not changed is taken.
    expect(await server.send('fix', command)).toBe(null);
  },
  120_000,
);

test.each([
  ['by itself', signed],
  ['as a whole', signedWhole],
])(
  'a captured command, signed %s, is worth nothing to the same program after its restart',
  async (_, sign) => {
    const { server, client } = await start();
    const captured = sign(client);
    expect(await server.send('fix', captured)).toBe(null);
    const again = await start();
    expect(await again.server.send('fix', captured)).toBe('command-forged');
    expect(again.touched).toEqual([]);
  },
);

test('a client follows to a new key only if it is to, and only by the word of a trusted one', async () => {
  const [following, strict] = [await start({ followRotation: true }), await start()];
  for (const { server, client } of [following, strict]) {
    expect(await server.send('server-keys', newsOf(client, [STRANGER]))).toBe('command-key-unknown');
    const lent = { ...newsOf(client, [STRANGER]), signatures: newsOf(client, [KEY, NEXT]).signatures };
    expect(await server.send('server-keys', lent)).toBe('command-forged');
    expect(await server.send('server-keys', newsOf(client, [KEY, NEXT]))).toBe(null);
  }
  const byNext = (client: Client): FixCommand => signed(client, {}, { key: NEXT });
  expect(await strict.server.send('fix', byNext(strict.client))).toBe('command-key-unknown');
  expect(await following.server.send('fix', byNext(following.client))).toBe(null);
});
