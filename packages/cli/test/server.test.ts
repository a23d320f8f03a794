/** The commands against a real server on PostgreSQL, with a real client of a small system connected. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient, defineCollector, defineFix } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { createServer, loadConfig, type PiculusServer } from '@piculus/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigratedDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { EXIT } from '../src/exit-codes.ts';
import { type Home, makeHome } from './support/world.ts';

const FIX_CODE = 'interRechargeFixServiceImpl';
const AT = '2026-11-20T08:00:00.000Z';
/** Orders of the small system: those in `broken` miss 7.00 each. */
const broken = new Set(['R1', 'R2', 'R3']);
/** What the next collects say of their completeness. */
const feed = { complete: true };

const side = (state: string) => ({ state, source: 'test', observedAt: new Date().toISOString(), fields: {} });
const facts = () => ({ order: side('SUCCESS'), ledger: side('none'), bank: side('paid') });
const collector = defineCollector({
  fixCode: FIX_CODE,
  collect: async ({ report, scanned }) => {
    scanned(3);
    const found = [...broken].map((businessKey) => ({
      businessKey,
      scenario: 'C1' as const,
      handling: 'fix' as const,
      amountMinor: '700',
      currency: 'CNY',
      occurredAt: AT,
      outOfPocket: 'customer' as const,
      facts: facts(),
      contradictions: ['ledger.state'],
    }));
    if (found.length > 0) await report(found);
    return feed.complete
      ? { feeds: [], complete: true }
      : { feeds: [], complete: false, reason: 'the statement ends yesterday' };
  },
});
const fix = defineFix({
  fixCode: FIX_CODE,
  examine: async ({ businessKey }) => businessKey,
  facts,
  plan: (command, key: string) =>
    broken.has(key)
      ? {
          verdict: 'act',
          scenario: 'C1',
          reason: 'not credited',
          steps: [
            {
              kind: 'credit',
              key: `credit:${key}`,
              amountMinor: command.amountMinor,
              currency: 'CNY',
              text: { en: 'credit', zh: '入账' },
            },
          ],
        }
      : { verdict: 'already-right', scenario: null, reason: 'credited' },
  apply: async (step, key, { record }) => {
    broken.delete(key);
    await record(undefined, {
      key: step.key,
      kind: step.kind,
      amountMinor: step.amountMinor,
      currency: step.currency,
    });
    return { result: 'continue' };
  },
});

let database: TestDatabase;
let home: Home;
let serverHome: Home;
let server: PiculusServer;
let client: Client;
let environment: Readonly<Record<string, string>>;

const json = async (...argv: string[]) => {
  const ran = await home.run([...argv, '--json']);
  const value: unknown = JSON.parse(ran.stdout);
  return { ...ran, value };
};

beforeAll(async () => {
  database = await createMigratedDatabase();
  serverHome = await makeHome();
  environment = {
    PICULUS_DATABASE_URL: database.url,
    PICULUS_PORT: '0',
    PICULUS_LOG_LEVEL: 'silent',
    PICULUS_DATA_DIR: serverHome.folder,
  };
  server = await createServer(loadConfig(environment));
  await server.start();
  await server.ready();
  home = await makeHome({ ...environment, PICULUS_URL: server.address });
});
afterAll(async () => {
  await client?.stop();
  await server.stop();
  await home.remove();
  await serverHome.remove();
  await database.drop();
});

describe('on a real server', { sequential: true }, () => {
  it('refuses what is not signed in, and a wrong password', async () => {
    expect((await home.run(['systems', 'list'])).exitCode).toBe(EXIT.notSignedIn);
    expect((await home.run(['systems', 'list'], { environment: { PICULUS_TOKEN: 'stolen' } })).exitCode).toBe(
      EXIT.notSignedIn,
    );
    const wrong = await home.run(['login', '--user', 'admin'], { answers: ['not the password'] });
    expect(wrong.exitCode).toBe(EXIT.notSignedIn);
  });

  it('signs in and keeps the session for this user alone', async () => {
    const { exitCode, stdout } = await home.run(['login', '--user', 'admin'], {
      answers: [server.firstPassword ?? '', 'a password of our own'],
    });
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).not.toContain(server.firstPassword);
    const file = join(home.folder, 'piculus', 'session.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // The token stays with the server that gave it.
    const elsewhere = await home.run(['systems', 'list', '--url', 'http://127.0.0.1:9']);
    expect(elsewhere.exitCode).toBe(EXIT.notSignedIn);
  });

  it('registers a system and shows its key once', async () => {
    const { exitCode, stdout, stderr } = await home.run(['systems', 'create', 'SHOP', '--name', 'Shop']);
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toMatch(
      /^export PICULUS_SYSTEM_KEY=pic_SHOP_[\w-]{43} PICULUS_SERVER_KEYS=ed25519:[\w-]{43}$/,
    );
    expect(stderr).toContain('not shown again');
    expect((await home.run(['systems', 'create', 'SHOP'])).exitCode).toBe(EXIT.refused);
    const online = new Promise<void>((resolve) => {
      client = createClient({
        url: server.address,
        systemKey: /SYSTEM_KEY=(\S+)/.exec(stdout)?.[1] ?? '',
        serverKeys: /SERVER_KEYS=(\S+)/.exec(stdout)?.[1] ?? '',
        application: { name: 'shop', version: '1.0.0' },
        fixes: [{ collector, fix }],
        journal: memoryJournal(),
      });
      client.on((event) => event.type === 'welcome' && resolve());
    });
    client.start();
    await online;
  });

  it('imports solutions all or none, and only what differs', async () => {
    const file = join(home.folder, 'solutions.yaml');
    const row = (code: string, cron: string) =>
      `- {sysCode: SHOP, fixCode: ${code}, retryCron: "${cron}", executionMode: manual}\n`;
    await writeFile(file, row(FIX_CODE, '0 0/10 * * * ?') + row('otherFix', '99 * * * * ?'));
    const bad = await home.run(['solutions', 'import', file]);
    expect(bad.exitCode).toBe(EXIT.usage);
    expect(bad.stderr).toMatch(/row 2: retryCron: /);
    expect((await json('solutions', 'list')).value).toEqual({ items: [] });

    await writeFile(file, row(FIX_CODE, '0 0/10 * * * ?'));
    const acts = (value: unknown) => (value as { solutions: { act: string; fields: string[] }[] }).solutions;
    expect(acts((await json('solutions', 'import', file, '--dry-run')).value)).toMatchObject([
      { act: 'create' },
    ]);
    expect((await json('solutions', 'list')).value).toEqual({ items: [] });
    expect(acts((await json('solutions', 'import', file)).value)).toMatchObject([{ act: 'create' }]);
    expect(acts((await json('solutions', 'import', file)).value)).toMatchObject([{ act: 'same' }]);
    await writeFile(file, row(FIX_CODE, '0 0/5 * * * ?'));
    expect(acts((await json('solutions', 'import', file)).value)).toMatchObject([
      { act: 'change', fields: ['retryCron'] },
    ]);
  });

  it('exports what it imports', async () => {
    const file = join(home.folder, 'exported.yaml');
    expect((await home.run(['solutions', 'export', file])).exitCode).toBe(EXIT.ok);
    expect(await readFile(file, 'utf8')).toContain('retryCron: 0 0/5 * * * ?');
    const again = await json('solutions', 'import', file);
    expect(again.value).toMatchObject({ solutions: [{ act: 'same' }] });
  });

  it('stops automatic repair and lets it go on', async () => {
    const stopped = await json('stop', '--system', 'SHOP', '--reason', 'looks wrong');
    expect(stopped.value).toMatchObject({ sysCode: 'SHOP', kind: 'switch', reason: 'looks wrong' });
    expect((await home.run(['stop', '--system', 'SHOP', '--reason', 'too'])).exitCode).toBe(EXIT.refused);
    const open = await json('resume');
    expect(open.value).toMatchObject([{ sysCode: 'SHOP', by: 'admin' }]);
    const id = Array.isArray(open.value) ? String(open.value[0].id) : '';
    expect((await home.run(['resume', id])).exitCode).toBe(EXIT.usage);
    expect((await json('resume', id, '--reason', 'looked right')).value).toMatchObject({ endedBy: 'admin' });
    expect((await json('resume')).value).toEqual([]);
  });

  it('collects, waits and says whether it is the whole truth', async () => {
    const { exitCode, value, stderr } = await json('collect', '--system', 'SHOP', '--from', '3d', '--wait');
    expect(exitCode).toBe(EXIT.ok);
    expect(value).toMatchObject({
      state: 'complete',
      commands: [{ rowsScanned: 3, problemsReported: 3, problemsNew: 3 }],
    });
    expect(stderr).toContain('1/1 systems, 3 rows looked at, 3 problems');
    feed.complete = false;
    const cut = await home.run(['collect', '--wait']);
    feed.complete = true;
    expect(cut.exitCode).toBe(EXIT.incomplete);
    expect(cut.stdout).toContain('the statement ends yesterday');
    expect((await home.run(['collect', '--system', 'NOPE'])).exitCode).toBe(EXIT.refused);
  });

  it('lists problems by filter and page', async () => {
    const first = await json('problems', '--system', 'SHOP', '--state', 'pending', '--limit', '2');
    expect(first.value).toMatchObject({ items: [{ businessKey: 'R3' }, { businessKey: 'R2' }] });
    const { next } = first.value as { next: string };
    expect(first.stderr).toContain(`--after ${next}`);
    expect((await json('problems', '--limit', '2', '--after', next)).value).toMatchObject({
      items: [{ businessKey: 'R1' }],
      next: null,
    });
    expect((await json('problems', '--limit', '1', '--all')).value).toMatchObject({
      items: [{}, {}, {}],
      next: null,
    });
    expect((await home.run(['problems', '--scenario', 'C2'])).stdout).toBe('no problems match');
    const text = await home.run(['problems', '--key', 'R1']);
    expect(text.stdout).toMatch(/SHOP {2,}C1 {2,}R1 {2,}7\.00 CNY {2,}pending \(manual\)/);
    const id = /^ *(\d+) {2,}SHOP/m.exec(text.stdout)?.[1] ?? '';
    expect((await home.run(['problem', id])).stdout).toContain(
      'Recharge shown as success, but the account was not credited.',
    );
    expect((await home.run(['problem', '999999'])).exitCode).toBe(EXIT.refused);
  });

  it('asks with number and amount before it runs anything', async () => {
    const nobody = await home.run(['fix', '--matching', '--system', 'SHOP', '--reason', 'test']);
    expect(nobody.exitCode).toBe(EXIT.usage);
    expect(nobody.stderr).toContain('3 problems, 21.00 CNY: nobody can be asked here; add --yes');
    const no = await home.run(['fix', '--matching', '--system', 'SHOP', '--reason', 'test'], {
      answers: ['n'],
    });
    expect(no).toMatchObject({ exitCode: EXIT.ok, stdout: 'nothing was done' });
    expect(broken.size).toBe(3);
  });

  it('runs fixes and tells what was refused', async () => {
    const fixed = new Promise<void>((resolve) => {
      const results: string[] = [];
      client.on((event) => {
        if (event.type === 'fix-finished' && results.push(event.result?.outcome ?? '') === 3) resolve();
      });
    });
    const one = (await json('problems', '--key', 'R1')).value as { items: [{ id: string }] };
    const { exitCode, stdout } = await home.run(['fix', one.items[0].id], { answers: ['y'] });
    expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.ok, stdout: '1 will be executed' });
    const rest = await json('fix', '--matching', '--key', 'R2', '--reason', 'asked by support', '--yes');
    expect(rest.value).toMatchObject({ accepted: 1, skipped: 0 });
    expect(
      (await json('fix', '--matching', '--key', 'R3', '--reason', 'again', '--yes')).value,
    ).toMatchObject({
      accepted: 1,
      skipped: 0,
    });
    await fixed;
    expect(broken.size).toBe(0);
    await expect
      .poll(async () => (await home.run(['problems', '--state', 'fixed', '--json'])).stdout)
      .toContain('"R1"');
    await expect
      .poll(
        async () =>
          JSON.parse((await home.run(['problems', '--state', 'fixed', '--json'])).stdout).items.length,
      )
      .toBe(3);
    const refused = await json('fix', one.items[0].id, '--yes', '--reason', 'once more');
    expect(refused.value).toMatchObject({ accepted: 0, refused: [{ code: 'wrong-state' }] });
    expect(refused.exitCode).toBe(EXIT.incomplete);
  });

  it('manages users', async () => {
    const created = await home.run(['users', 'create', 'operator', '--name', 'Operator'], {
      answers: ['a long enough password'],
    });
    expect(created.exitCode).toBe(EXIT.ok);
    expect((await home.run(['users', 'create', 'operator'], { answers: ['short'] })).exitCode).toBe(
      EXIT.refused,
    );
    expect((await home.run(['users', 'disable', 'operator'])).stdout).toContain('is disabled');
    expect((await home.run(['users', 'disable', 'nobody'])).exitCode).toBe(EXIT.refused);
    expect((await home.run(['users', 'list'])).stdout).toMatch(/operator +Operator +\S+ +no/);
  });

  it('lists the servers at work on the database', async () => {
    const listed = await json('nodes');
    expect(listed.value).toMatchObject({ items: [{ state: 'working', answering: true, differences: [] }] });
    expect((await home.run(['nodes'])).stdout).toContain('working');
  });

  it('examines the installation', async () => {
    const healthy = await json('doctor');
    expect(healthy.exitCode).toBe(EXIT.ok);
    expect(healthy.value).toMatchObject({ wrong: 0 });
    const texts = (healthy.value as { findings: { text: string }[] }).findings
      .map(({ text }) => text)
      .join('\n');
    for (const words of ['PostgreSQL answers, version', 'all migrations are applied', 'it is ready to work'])
      expect(texts).toContain(words);
    const sick = await home.run(['doctor'], {
      environment: {
        PICULUS_URL: 'http://127.0.0.1:9',
        PICULUS_DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
      },
    });
    expect(sick.exitCode).toBe(EXIT.failure);
    expect(sick.stdout).toMatch(/WRONG +PostgreSQL cannot be reached/);
    expect(sick.stdout).toMatch(/WRONG +no server answers/);
  });

  it('migrates, and gives the administrator a new password', async () => {
    expect((await home.run(['migrate'])).stdout).toMatch(/^nothing to do: the database is at \d{4}_/);
    const reset = await home.run(['users', 'reset-admin-password']);
    const password = reset.stdout.split('  ')[1] ?? '';
    expect((await home.run(['systems', 'list'])).exitCode).toBe(EXIT.notSignedIn);
    expect(
      (
        await home.run(['login', '--user', 'admin'], {
          environment: { PICULUS_PASSWORD: password, PICULUS_NEW_PASSWORD: 'chosen by one person' },
        })
      ).exitCode,
    ).toBe(EXIT.ok);
    expect((await home.run(['systems', 'list'])).exitCode).toBe(EXIT.ok);
    expect((await home.run(['logout'])).exitCode).toBe(EXIT.ok);
    expect((await home.run(['systems', 'list'])).exitCode).toBe(EXIT.notSignedIn);
  });
});
