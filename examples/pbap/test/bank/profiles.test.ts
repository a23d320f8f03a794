import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { createBehaviour, DEFAULT_PROFILE, type Profile } from '../../src/bank/profile.ts';
import { type BankStartOptions, startBank } from '../../src/bank/start.ts';
import { createBankClient } from '../../src/pbap/bank-client.ts';
import { manualClock, openBank, payout } from './support.ts';

const cleanUps: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
const never = new AbortController().signal;

async function start(options: Partial<BankStartOptions>) {
  const database = await createTestDatabase();
  cleanUps.push(() => database.drop());
  const running = await startBank({ databaseUrl: database.url, ...options });
  cleanUps.push(() => running.stop());
  const client = createBankClient({ url: running.url, timeoutMs: 400, now: () => new Date() });
  return { running, client, databaseUrl: database.url };
}

describe('a late bank', () => {
  it('answers NOT_FOUND and cannot close while the money is moving already', async () => {
    const world = await openBank({ profile: 'late', lateMinMs: 1_000, lateMaxMs: 3_000 });
    cleanUps.push(world.close);
    const { bank, clock } = world;
    await bank.submit(payout('W1-1'));
    expect(await bank.query('W1-1')).toBeNull();
    expect(await bank.close('W1-1', 'W1')).toMatchObject({ state: 'PROCESSING' });
    clock.advance(3_001);
    await bank.settleDue();
    expect(await bank.query('W1-1')).toMatchObject({ state: 'PAID' });
    expect(await bank.close('W1-1', 'W1')).toMatchObject({ state: 'PAID' });
    expect(await world.movements()).toHaveLength(1);
  });
});

describe('a flaky bank', () => {
  it('spoils answers, executes some of them all the same, and gets to a good one', async () => {
    const { client, running } = await start({
      profile: 'flaky',
      seed: 11,
      silenceMs: 1_500,
      settleDelayMs: 0,
    });
    const numbers = Array.from({ length: 25 }, (_value, index) => `W${index}-1`);
    let unclear = 0;
    let executedAllTheSame = 0;
    await Promise.all(
      numbers.map(async (number) => {
        for (let call = 1; ; call += 1) {
          expect(call).toBeLessThanOrEqual(DEFAULT_PROFILE.badAnswersMax + 1);
          const answer = await client.submit(payout(number), never);
          if (answer.code !== 'UNCLEAR') return;
          unclear += 1;
          if ((await running.bank.query(number)) !== null) executedAllTheSame += 1;
        }
      }),
    );
    expect(unclear).toBeGreaterThan(0);
    expect(executedAllTheSame).toBeGreaterThan(0);
    expect(executedAllTheSame).toBeLessThan(unclear);
  });

  it('misbehaves the same way for the same seed', () => {
    const moods = (seed: number) => {
      const behaviour = createBehaviour({ ...DEFAULT_PROFILE, profile: 'flaky', seed });
      return Array.from({ length: 60 }, (_value, index) => behaviour.mood('query', `W${index % 20}-1`));
    };
    expect(moods(3)).toEqual(moods(3));
    expect(moods(3)).not.toEqual(moods(4));
  });
});

describe('a blind bank', () => {
  it('shows nothing and does nothing, and claims that its statement is complete', async () => {
    const { client, running } = await start({ profile: 'blind', settleDelayMs: 0 });
    const answers = [
      await client.submit(payout('W1-1'), never),
      await client.query('W1-1', never),
      await client.close('W1-1', 'W1', never),
    ];
    expect(answers.map((answer) => answer.code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
    const page = await client.statement('0', 100, never);
    expect(page.lines).toEqual([]);
    expect(page.reachesTo).not.toBeNull();
    expect(await running.bank.query('W1-1')).toBeNull();
  });
});

describe.each<Profile>(['honest', 'late'])('the %s bank calls back', (profile) => {
  it('until it is understood, also after it was started again', async () => {
    const clock = manualClock();
    let statusCode = 503;
    const calls: unknown[] = [];
    let heard: () => void = () => {};
    const merchant = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        calls.push(JSON.parse(body));
        response.writeHead(statusCode).end();
        heard();
      });
    });
    const nextCall = () => new Promise<void>((resolve) => (heard = resolve));
    await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
    cleanUps.push(async () => {
      merchant.close();
      merchant.closeAllConnections();
    });
    const address = merchant.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const callbackUrl = `http://127.0.0.1:${port}/callback`;

    const database = await createTestDatabase();
    cleanUps.push(() => database.drop());
    const options = { databaseUrl: database.url, profile, clock, callbackUrl, settleDelayMs: 1_000 };
    const first = await startBank(options);
    const client = createBankClient({ url: first.url, timeoutMs: 2_000, now: clock.now });
    await client.submit(payout('W1-1'), never);
    const firstCall = nextCall();
    clock.advance(5_000);
    await firstCall;
    await first.stop();

    statusCode = 200;
    const secondCall = nextCall();
    clock.advance(60_000);
    const second = await startBank(options);
    cleanUps.push(() => second.stop());
    await secondCall;
    const told = { requestNo: 'W1-1', orderNo: 'W1', state: 'PAID' };
    expect(calls).toEqual([told, told]);
  });
});

describe('the bank door', () => {
  it('refuses what it does not understand', async () => {
    const { running } = await start({});
    const post = (body: string) =>
      fetch(`${running.url}/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    for (const body of [
      '{',
      '{}',
      JSON.stringify({ ...payout('W1-1'), amountMinor: '-5' }),
      JSON.stringify({ ...payout('W1-1'), more: 1 }),
    ]) {
      expect((await post(body)).status).toBe(400);
    }
    expect((await post(JSON.stringify(payout('W1-1')))).status).toBe(200);
    expect((await post(JSON.stringify(payout('W1-1', { amountMinor: '1' })))).status).toBe(409);
    expect((await fetch(`${running.url}/statement?limit=100000`)).status).toBe(400);
  });
});
