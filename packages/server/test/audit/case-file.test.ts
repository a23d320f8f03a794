/** The case file of a problem: that it tells everything, proves itself, and shows what was changed in it. */
import type { CaseFile } from '@piculus/protocol/http';
import { caseFileSchema } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { person } from '../../../../test/support/callers.ts';
import { makeCaseFile } from '../../src/audit/case-file.ts';
import { renderCaseFile } from '../../src/audit/case-html.ts';
import { checkCaseFile } from '../../src/audit/case-proof.ts';
import { createChainWriter } from '../../src/audit/chain-writer.ts';
import { createMessages } from '../../src/messages/index.ts';
import { createProblems } from '../../src/problems/index.ts';
import { readLastBlock, readLastCheckpoint } from '../../src/store/chain.ts';
import { openWorld, type World } from '../collections/world.ts';
import { startTestServer, type TestServer } from '../server/support.ts';
import { AT, insertActs, insertExecutions, newKey, randomFrom } from './rows.ts';

const KEY = newKey();
const HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)> "\'& \u202Egnp.exe';

/** A problem with two executions, a report that changed it, and acts of people; between others. */
async function insertStory(db: World['db']): Promise<string> {
  const random = randomFrom(9);
  const side = JSON.stringify({
    state: 'x',
    source: 's',
    observedAt: AT.toISOString(),
    fields: { note: HOSTILE },
  });
  return db.transaction().execute(async (tx) => {
    const made = await sql<{ id: string }>`
      INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
        out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at,
        last_seen_at)
      VALUES ('PBAP', 'fixService', ${HOSTILE.slice(0, 60)}, 'C1', 'fix', 700, 'CNY', 'customer', ${AT},
        ${`{"order":${side},"ledger":${side},"bank":${side}}`}::text::jsonb, '{}', 'needs-human', ${AT}, ${AT}, ${AT},
        ${AT}) RETURNING id`.execute(tx);
    const id = made.rows[0]?.id ?? '';
    await insertExecutions(tx, random, 7);
    await insertActs(tx, random, 7);
    await sql`UPDATE piculus.executions SET problem_id = ${id}, reason = ${HOSTILE}, facts = NULL
      WHERE id IN (2, 5)`.execute(tx);
    await sql`UPDATE piculus.executions SET problem_id = 999999 WHERE id NOT IN (2, 5)`.execute(tx);
    await sql`UPDATE piculus.audit SET problem_id = CASE WHEN id IN (1, 4) THEN ${id}::bigint ELSE 999999 END,
      reason = ${HOSTILE}`.execute(tx);
    await sql`INSERT INTO piculus.reports (command_id, epoch, sequence, client_id, received_at, inserted, seen_again,
      reopened, changes) VALUES (1, 1, 1, 'c', ${AT}, 0, 1, 1,
      ${`[{"problemId":"${id}","from":"fixed","to":"pending"}]`}::text::jsonb)`.execute(tx);
    return id;
  });
}

describe('a case file', () => {
  let world: World;
  let id = '';
  let file: CaseFile;
  beforeAll(async () => {
    world = await openWorld('postgres');
    id = await insertStory(world.db);
    const writer = createChainWriter(
      world.context,
      { key: KEY, sinks: [] },
      { rowsMax: 2, checkpointBlocks: 10 },
    );
    while ((await readLastBlock(world.db)) === null) await writer.runOnce();
    const parts = { problems: createProblems(world.context), messages: createMessages(world.context) };
    file = await makeCaseFile(world.context, parts, id, person('operator'));
  });
  afterAll(() => world.drop());

  it('holds all of it, and proves every row by a signed checkpoint', async () => {
    expect(caseFileSchema.parse(JSON.parse(JSON.stringify(file)))).toEqual(file);
    expect(file.proof.rows.map(({ source, id: row }) => `${source} ${row}`)).toEqual([
      'audit 1',
      'audit 4',
      'reports 1',
      'executions 2',
      'executions 5',
    ]);
    expect(file.problem.executions).toHaveLength(2);
    expect(file.acts).toHaveLength(2);
    expect((await readLastCheckpoint(world.db))?.block).toBe('8');
    expect(checkCaseFile(file, [KEY.publicKey])).toEqual({ ok: true, proven: 5, unproven: 0, faults: [] });
    // Of the blocks on the way only their heads are told.
    expect(file.proof.links.map(({ number }) => number)).toEqual(['3', '6', '8']);
    expect(file.proof.blocks.map(({ number }) => number)).toEqual(['1', '2', '4', '5', '7']);
  });

  it('is an act', async () => {
    const acts = await sql<{ actor: string }>`
      SELECT actor FROM piculus.audit WHERE act = 'case-file' AND problem_id = ${id}`.execute(world.db);
    expect(acts.rows).toEqual([{ actor: 'operator' }]);
  });

  const changed = (change: (copy: CaseFile) => void): readonly string[] => {
    const copy = structuredClone(file);
    change(copy);
    const { ok, faults } = checkCaseFile(copy, [KEY.publicKey]);
    expect(ok).toBe(false);
    return faults;
  };
  const at = <T>(list: readonly T[], index: number): T => {
    const item = list[index];
    if (item === undefined) throw new Error('there is none');
    return item;
  };

  it('shows whatever was changed in it', () => {
    expect(changed((copy) => at(copy.proof.rows, 3).values.splice(14, 1, 'x'))).toContain(
      'executions 2 is not what block 5 covers',
    );
    expect(changed((copy) => Object.assign(at(copy.problem.executions, 0), { outcome: 'failed' }))).toEqual([
      'execution 2 is told differently from its row',
    ]);
    expect(changed((copy) => Object.assign(at(copy.acts, 1), { actor: 'nobody' }))).toEqual([
      'act 4 is told differently from its row',
    ]);
    expect(changed((copy) => Object.assign(at(copy.proof.rows, 0), { block: '2' }))).toHaveLength(1);
    expect(
      changed((copy) => {
        const cover = at(at(copy.proof.blocks, 0).covers, 0);
        cover.digests = `${cover.digests.slice(0, -2)}${cover.digests.endsWith('00') ? '01' : '00'}`;
      }),
    ).toContain('block 1 does not cover what it says');
    expect(
      changed((copy) => Object.assign(at(copy.proof.links, 1), { madeAt: '2020-01-01T00:00:00.000Z' })),
    ).toEqual(expect.arrayContaining([expect.stringMatching(/^block 6 is not what its hash says/)]));
    expect(
      changed((copy) => Object.assign(at(copy.proof.checkpoints, 0), { signedAt: AT.toISOString() })),
    ).toEqual(['the checkpoint of block 8 is not signed by a known key']);
    const { publicKey } = newKey();
    expect(checkCaseFile(file, [publicKey]).ok).toBe(false);
  });

  it('says where no checkpoint stands behind a row yet, and does not take it for proven', () => {
    const copy = structuredClone(file);
    copy.proof.checkpoints = [];
    expect(checkCaseFile(copy, [KEY.publicKey])).toEqual({ ok: true, proven: 0, unproven: 5, faults: [] });
    const cut = structuredClone(file);
    cut.proof.links = cut.proof.links.filter(({ number }) => number !== '3');
    expect(checkCaseFile(cut, [KEY.publicKey])).toMatchObject({ ok: true, proven: 3, unproven: 2 });
  });

  it.each(['en', 'zh-CN'] as const)(
    'is a page in %s in which nothing from outside is more than text',
    (language) => {
      const page = renderCaseFile(file, language, '/case-file.css');
      expect(page).toContain(`<html lang="${language}">`);
      expect(page).toContain(language === 'en' ? 'What each side says' : '三方事实');
      expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(page).not.toMatch(/<script|<img|<style|style=|\u202E/i);
      expect(page.match(/<link /g)).toHaveLength(1);
    },
  );
});

describe('a case file over HTTP', () => {
  let test: TestServer;
  beforeAll(async () => {
    test = await startTestServer();
  });
  afterAll(() => test.stop());

  it('is given out as JSON and as a page with its style, to who may view the problem', async () => {
    const { openDatabase } = await import('../../src/store/database.ts');
    const { openPool } = await import('../../src/store/pool.ts');
    const db = openDatabase(openPool({ url: test.config.databaseUrl ?? '', connectionsMax: 1 }));
    const id = await insertStory(db).finally(() => db.destroy());
    expect(await test.api.getCaseFile({ params: { id } })).toMatchObject({ version: 1, madeBy: 'admin' });
    const headers = { authorization: `Bearer ${test.token}` };
    const url = `${test.address}/api/v1/problems/${id}/case-file.html?language=zh-CN`;
    const page = await fetch(url, { headers });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('问题卷宗');
    const style = await fetch(`${test.address}/case-file.css`);
    expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    expect(await style.text()).toContain('@media print');
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url.replace(`/${id}/`, '/99999/'), { headers })).status).toBe(404);
    expect((await fetch(url.replace('zh-CN', 'xx'), { headers })).status).toBe(422);
  });
});
