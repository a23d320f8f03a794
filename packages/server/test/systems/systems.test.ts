import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import {
  helloOf,
  openWorld,
  refusal,
  sessionOf,
  sessionsOf,
  START,
  type World,
} from '../collections/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('systems on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const input = (sysCode: string) => ({
    sysCode,
    name: 'Payments',
    collectCron: null,
    collectTimeZone: 'UTC',
    collectWindowMs: 86_400_000,
  });

  it('shows the first key once and stores only its hash', async () => {
    const { system, key } = await world.systems.create(input('FIRST'), person('operator'));
    expect(system).toMatchObject({ sysCode: 'FIRST', enabled: true, alarm: null, clientsConnected: 0 });
    expect(key).toMatch(/^pic_FIRST_[A-Za-z0-9_-]{43}$/);
    const [info] = await world.systems.keys('FIRST', ANYONE);
    expect(info?.prefix).toBe(key.slice(0, 'pic_FIRST_'.length + 4));
    const dump = await sql<{ row: string }>`SELECT k::text AS row FROM piculus.system_keys k`.execute(
      world.db,
    );
    expect(dump.rows.some(({ row }) => row.includes(key.slice(-39)))).toBe(false);
    const acts = await sql<{ act: string; detail: unknown }>`
      SELECT act, detail FROM piculus.audit WHERE sys_code = 'FIRST' ORDER BY id`.execute(world.db);
    expect(acts.rows.map(({ act }) => act)).toEqual(['create-system', 'create-key']);
    expect(JSON.stringify(acts.rows)).not.toContain(key.slice(-39));
  });

  it('refuses a system that exists, and a bad cron or zone, and stores nothing', async () => {
    await world.systems.create(input('TWICE'), person('operator'));
    expect(await refusal(world.systems.create(input('TWICE'), person('operator')))).toMatchObject({
      code: 'already-exists',
    });
    const bad = { ...input('NOCRON'), collectCron: '99 * * * * ?', collectTimeZone: 'Nowhere/Land' };
    const error = await refusal(world.systems.create(bad, person('operator')));
    expect(error.code).toBe('invalid-field');
    expect(error.fields.map(({ field }) => field).sort()).toEqual(['collectCron', 'collectTimeZone']);
    expect((await world.systems.list(ANYONE)).some(({ sysCode }) => sysCode === 'NOCRON')).toBe(false);
  });

  it('says a schedule in words with its next ticks, or what is wrong with it', async () => {
    const { words, nextTicks } = world.systems.previewSchedule('0 0/30 * * * ?', 'Asia/Shanghai');
    expect(words.en).toContain('30 minutes');
    expect(words.zh).toContain('30');
    expect(nextTicks).toHaveLength(5);
    expect(nextTicks.every((tick) => Date.parse(tick) > world.clock.now().getTime())).toBe(true);
    const error = await refusal(
      Promise.resolve().then(() => world.systems.previewSchedule('0 0/30 * *', 'Nowhere/Land')),
    );
    expect(error.code).toBe('invalid-field');
    expect(error.fields.map(({ field }) => field).sort()).toEqual(['cron', 'timeZone']);
  });

  it('lets a key in until it is revoked or its system disabled', async () => {
    const { key } = await world.systems.create(input('DOOR'), person('operator'));
    const second = await world.systems.createKey('DOOR', person('operator'));
    expect(await world.systems.authenticate(key)).toMatchObject({ sysCode: 'DOOR' });
    expect(await world.systems.authenticate(second.key)).toEqual({ sysCode: 'DOOR', keyId: second.info.id });
    expect(
      await world.systems.authenticate(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`),
    ).toBeNull();
    expect(await world.systems.authenticate('pic_DOOR_')).toBeNull();
    const proven = await world.systems.authenticateProof('DOOR', (hash) => hash.equals(sha256(second.key)));
    expect(proven).toEqual({ sysCode: 'DOOR', keyId: second.info.id, keyHash: sha256(second.key) });
    expect(await world.systems.authenticateProof('DOOR', () => false)).toBeNull();
    expect(await world.systems.authenticateProof('NOCRON', (hash) => hash.equals(sha256(key)))).toBeNull();
    await world.systems.revokeKey('DOOR', second.info.id, person('operator'));
    expect(await world.systems.authenticate(second.key)).toBeNull();
    expect(
      await world.systems.authenticateProof('DOOR', (hash) => hash.equals(sha256(second.key))),
    ).toBeNull();
    await world.systems.change('DOOR', { enabled: false }, person('operator'));
    expect(await world.systems.authenticate(key)).toBeNull();
    expect(await world.systems.authenticateProof('DOOR', () => true)).toBeNull();
    await world.systems.change('DOOR', { enabled: true }, person('operator'));
    expect(await world.systems.authenticate(key)).toMatchObject({ sysCode: 'DOOR' });
    expect(await refusal(world.systems.revokeKey('DOOR', '999999', person('operator')))).toMatchObject({
      code: 'not-found',
    });
  });

  it('writes the last use at most once a minute', async () => {
    const { key } = await world.systems.create(input('USED'), person('operator'));
    const lastUse = async () => (await world.systems.keys('USED', ANYONE))[0]?.lastUsedAt;
    const first = world.clock.now().toISOString();
    await world.systems.authenticate(key);
    expect(await lastUse()).toBe(first);
    world.clock.advance(59_999);
    await world.systems.authenticate(key);
    expect(await lastUse()).toBe(first);
    world.clock.advance(1);
    await world.systems.authenticate(key);
    expect(await lastUse()).toBe(world.clock.now().toISOString());
  });

  it('changes only what is named', async () => {
    await world.systems.create({ ...input('CHANGE'), collectCron: '0 0/10 * * * ?' }, person('operator'));
    const changed = await world.systems.change('CHANGE', { name: 'Other' }, person('operator'));
    expect(changed).toMatchObject({
      name: 'Other',
      collectCron: '0 0/10 * * * ?',
      collectWindowMs: 86_400_000,
    });
    expect(await world.systems.change('CHANGE', { collectCron: null }, person('operator'))).toMatchObject({
      collectCron: null,
    });
    expect(await refusal(world.systems.change('NOBODY', {}, person('operator')))).toMatchObject({
      code: 'not-found',
    });
    expect(
      await refusal(world.systems.change('CHANGE', { collectCron: '* * *' }, person('operator'))),
    ).toMatchObject({
      code: 'invalid-field',
    });
  });

  it('raises the alarm where a scheduled collect has not started, and only then', async () => {
    world.clock.set(START);
    await world.systems.create({ ...input('LATE'), collectCron: '0 0 * * * ?' }, person('operator'));
    const alarm = async () =>
      (await world.systems.list(ANYONE)).find(({ sysCode }) => sysCode === 'LATE')?.alarm;
    expect(await alarm()).toBeNull();
    world.clock.set(new Date('2026-11-22T10:01:00Z'));
    expect(await alarm()).toBeNull();
    world.clock.set(new Date('2026-11-22T10:02:01Z'));
    expect((await alarm())?.en).toContain('2026-11-22T10:00:00.000Z');
    expect((await alarm())?.zh).toContain('尚未开始');
    await world.systems.change('LATE', { enabled: false }, person('operator'));
    expect(await alarm()).toBeNull();
    await world.systems.change('LATE', { enabled: true }, person('operator'));
    expect(await alarm()).toBeNull();
  });

  const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

  describe('clients', () => {
    it('come, beat, answer and go', async () => {
      const sysCode = await world.newSystem();
      const here = sessionOf(sysCode, ['fixA']);
      await world.clients.connected(sysCode, helloOf(here.clientId, ['fixA', 'fixB']));
      const list = (sessions = sessionsOf(here)) => world.clients.list({ sysCode }, sessions, ANYONE);
      expect(await list()).toMatchObject([
        { clientId: here.clientId, connected: true, places: 10, placesUsed: 0 },
      ]);
      world.clock.advance(5_000);
      const beat = { freePlaces: 10, leases: [], collectCommands: [], eventLoopLagMs: 12.5 };
      await world.clients.heartbeat(here.clientId, beat);
      await world.clients.answered(here.clientId);
      const at = world.clock.now().toISOString();
      expect(await list()).toMatchObject([{ lastHeartbeatAt: at, lastAnsweredAt: at, eventLoopLagMs: 12.5 }]);
      await world.clients.disconnected(here.clientId);
      expect(await list(sessionsOf())).toMatchObject([{ connected: false, disconnectedAt: at }]);
      expect(await world.clients.list({ sysCode, connected: true }, sessionsOf(), ANYONE)).toEqual([]);
      expect(await world.clients.announced(sysCode)).toEqual(new Set(['fixA', 'fixB']));
    });

    it('beat, which consoles are told of at most every ten seconds', async () => {
      const sysCode = await world.newSystem();
      const { clientId } = sessionOf(sysCode, []);
      await world.clients.connected(sysCode, helloOf(clientId, []));
      const beat = { freePlaces: 10, leases: [], collectCommands: [], eventLoopLagMs: 1 };
      const told = async (): Promise<number> => {
        const before = world.events.length;
        await world.clients.heartbeat(clientId, beat);
        return world.events.slice(before).filter(({ topic }) => topic === 'clients').length;
      };
      world.clock.advance(10_000);
      expect(await told()).toBe(1);
      world.clock.advance(9_999);
      expect(await told()).toBe(0);
      world.clock.advance(1);
      expect(await told()).toBe(1);
    });

    it('of another system may not take an id over', async () => {
      const [one, other] = [await world.newSystem(), await world.newSystem()];
      const { clientId } = sessionOf(one, []);
      await world.clients.connected(one, helloOf(clientId, ['fixA']));
      expect(await refusal(world.clients.connected(other, helloOf(clientId, ['fixA'])))).toMatchObject({
        code: 'wrong-system',
      });
      expect(await world.clients.announced(other)).toEqual(new Set());
    });

    it('of a node that died do not count as connected for long', async () => {
      const sysCode = await world.newSystem();
      const { clientId } = sessionOf(sysCode, []);
      await world.clients.connected(sysCode, helloOf(clientId, []));
      await sql`UPDATE piculus.clients SET node_id = 'node-2' WHERE client_id = ${clientId}`.execute(
        world.db,
      );
      const connected = async () => ({
        client: (await world.clients.list({ sysCode }, sessionsOf(), ANYONE))[0]?.connected,
        system: (await world.systems.list(ANYONE)).find((system) => system.sysCode === sysCode)
          ?.clientsConnected,
      });
      expect(await connected()).toEqual({ client: true, system: 1 });
      world.clock.advance(61_000);
      expect(await connected()).toEqual({ client: false, system: 0 });
    });
  });
});
