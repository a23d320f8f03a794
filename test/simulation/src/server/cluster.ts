/** Several nodes of the real server on one simulated database, and a person who works with it. */
import { createPrivateKey } from 'node:crypto';
import { fullScope } from '@server/base/access.js';
import { createSigner } from '@server/keys/signer.js';
import { PiculusError } from '@piculus/protocol';
import { serverKeyOf } from '@piculus/protocol/signing';
import { RuleInvariants } from '../invariants/rules.ts';
import { ServerInvariants } from '../invariants/server.ts';
import type { End, Net, Wire } from '../net.ts';
import { type DatabaseProfile, NO_RULES, type RulesProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import { EPOCH_MS, type Lane, type Scheduler } from '../scheduler.ts';
import type { ServerEnd } from '../server-end.ts';
import { type Change, type Engine, openEngine } from '../store/index.ts';
import { ServerNode } from './node.ts';
import { Office } from './office.ts';
import { install, UNATTENDED } from './seed.ts';

export interface ClusterParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly fixCodes: readonly string[];
  readonly nodes: number;
  readonly ddl: readonly string[];
  readonly database: DatabaseProfile;
  readonly rules: RulesProfile;
  /** The row of every execution, as it is committed. */
  executed(row: Record<string, unknown>): void;
  /** What became of an order in the server's own tables, in words. */
  told(orderNo: string, text: string): void;
  happened(what: string): void;
}

const SYSTEM = 'PBAP';
const MAX_RETRIES = 60;
const CONNECT_MS = 6_000;
const PERSON_MS = 7_000;

export class Cluster implements ServerEnd {
  readonly serverKey: string;
  readonly processes: readonly string[];
  readonly #parts: ClusterParts;
  readonly #engine: Engine;
  readonly #nodes = new Map<string, ServerNode>();
  readonly #invariants: ServerInvariants;
  readonly #rules: RuleInvariants;
  #office: Office | null = null;
  readonly #key: ReturnType<typeof signingKeyOf>;
  #healed = false;
  /** What is configured before the run meets no faults. */
  #installed = false;

  constructor(parts: ClusterParts) {
    const { scheduler, random, nodes, database } = parts;
    this.#parts = parts;
    this.processes = Array.from({ length: nodes }, (_, at) => `server-${at + 1}`);
    this.#key = signingKeyOf(random);
    this.serverKey = this.#key.text;
    this.#engine = openEngine({
      ddl: parts.ddl,
      now: () => EPOCH_MS + Math.floor(scheduler.nowMs),
      after: (ms, act) => {
        let stopped = false;
        scheduler.after(ms, null, 'database timer', () => {
          if (!stopped) act();
        });
        return () => {
          stopped = true;
        };
      },
    });
    this.#engine.timeouts = { lockMs: 10_000, idleMs: 4_000 };
    this.#engine.faults = {
      before: () => (!this.#healed && random.chance(database.lost / 4) && this.#installed ? 'lost' : null),
      after: (_, sql) =>
        !this.#healed && /^commit/i.test(sql) && random.chance(database.commitUnheard) && this.#installed
          ? 'lost'
          : null,
    };
    this.#invariants = new ServerInvariants(this.#engine, MAX_RETRIES);
    this.#rules = new RuleInvariants({
      engine: this.#engine,
      rules: parts.rules,
      unattended: UNATTENDED,
      nowMs: () => scheduler.nowMs,
    });
    this.#engine.onCommit = (changes) => this.#committed(changes);
  }

  async install(): Promise<void> {
    const at = new Date(EPOCH_MS);
    await install(this.#engine, {
      sysCode: SYSTEM,
      fixCodes: this.#parts.fixCodes,
      at,
      maxRetries: MAX_RETRIES,
      rules: this.#parts.rules,
    });
    this.#installed = true;
    if (this.#parts.rules === NO_RULES) this.#person();
    else
      this.#office = new Office({
        ...this.#parts,
        engine: this.#engine,
        sysCode: SYSTEM,
        nodes: () => this.#open(),
      });
    this.#away();
  }

  start(name: string, lane: Lane): void {
    const node = new ServerNode({
      lane,
      engine: this.#engine,
      sysCode: SYSTEM,
      signer: (now) => createSigner(() => ({ keys: [this.#key], active: this.#key }), now),
      acknowledged: (frame) => this.#invariants.acknowledged(frame),
      logged: (line) => this.#logged(line),
    });
    this.#nodes.set(name, node);
    node.start();
  }

  async connect(near: End, net: Net): Promise<Wire | null> {
    const { scheduler, random } = this.#parts;
    const open = this.#open();
    if (open.length === 0) return null;
    const node = random.pick(open);
    return new Promise((resolve) => {
      const answer = (wire: Wire | null): void =>
        scheduler.after(net.latency(), near.lane, 'connected', () => resolve(wire));
      scheduler.after(net.latency(), node.lane, 'comes in', () => {
        node.admit(near, net).then(answer, () => answer(null));
      });
      // A node that dies meanwhile says nothing.
      scheduler.after(CONNECT_MS, near.lane, 'no answer', () => resolve(null));
    });
  }

  #open(): ServerNode[] {
    return [...this.#nodes.values()].filter((node) => node.open);
  }

  told(orderNo: string): boolean {
    const own = this.#engine.rows('problems').filter((row) => row['business_key'] === orderNo);
    return own.some(({ state }) => state !== 'fixed' && state !== 'cleared');
  }

  begins(place: string): void {
    this.#rules.begins(place);
  }

  ended(): boolean {
    if (this.#office !== null && this.#engine.rows('run_requests').length > 0) return false;
    const waiting = this.#engine
      .rows('problems')
      .some((row) => row['handling'] === 'fix' && (row['state'] === 'pending' || this.#forPerson(row)));
    return !waiting && this.#engine.rows('leases').every((row) => row['closed_at'] !== null);
  }

  heal(): void {
    this.#healed = true;
    this.#engine.away = false;
    this.#office?.heal();
  }

  check(): void {
    this.#invariants.check();
    this.#rules.check();
  }

  atEnd(): void {
    this.#invariants.atEnd();
    this.#rules.atEnd();
  }

  #committed(changes: readonly Change[]): void {
    this.#invariants.committed(changes);
    if (this.#office !== null) this.#rules.committed(changes);
    for (const change of changes) {
      const { table, before, after } = change;
      if (table === 'executions' && after && !before) this.#parts.executed(after);
      this.#tell(change);
    }
  }

  #tell({ table, before, after }: Change): void {
    if (!after) return;
    if (table === 'problems') {
      const { business_key: orderNo, fix_code: fixCode, scenario, handling, state } = after;
      if (state === before?.['state'] && scenario === before?.['scenario']) return;
      const how = handling === 'fix' ? 'a fix may repair it' : 'for a person';
      this.#parts.told(String(orderNo), `problem of ${fixCode}: ${state}; reported as ${scenario}, ${how}`);
    }
    if (table === 'leases' && !before && Array.isArray(after['business_keys'])) {
      for (const orderNo of after['business_keys'])
        this.#parts.told(String(orderNo), `leased for ${after['fix_code']}, by a ${after['trigger']}`);
    }
  }

  /** The database is away for a while. */
  #away(): void {
    const { scheduler, random, database, happened } = this.#parts;
    if (database.lost === 0) return;
    scheduler.after(random.between(20_000, 90_000), null, 'database goes', () => {
      if (this.#healed) return;
      happened('database away');
      this.#engine.away = true;
      scheduler.after(random.between(2_000, 25_000), null, 'database comes', () => {
        this.#engine.away = false;
      });
    });
  }

  /** What only a person's click sets going: what came back, and what a fix may repair once a person lets it. */
  #forPerson(row: Record<string, unknown>): boolean {
    if (row['reopened'] === true) return row['state'] === 'pending';
    const tried = row['last_outcome'];
    return row['state'] === 'needs-human' && (tried === null || tried === 'not-yet');
  }

  #isWanted(row: Record<string, unknown>): boolean {
    if (row['reopened'] === true || row['state'] === 'exhausted') return true;
    if (this.#healed && row['handling'] === 'fix' && this.#forPerson(row)) return true;
    return this.#parts.random.chance(0.05);
  }

  /** Somebody looks every few seconds and runs what waits for a person, now and then twice. */
  #person(): void {
    const { scheduler, random, happened } = this.#parts;
    scheduler.after(PERSON_MS * (0.5 + random.next()), null, 'person looks', () => {
      const node = [...this.#nodes.values()].find((each) => each.open);
      const waiting = this.#engine.rows('problems').filter((row) => this.#isWanted(row));
      const ids = waiting.map((row) => String(row['id']));
      if (node && ids.length > 0) {
        scheduler.after(0, node.lane, 'person clicks', () => {
          const times = random.chance(0.2) ? 2 : 1;
          for (let time = 0; time < times; time += 1) {
            happened('a person clicks');
            void this.#click(node, ids);
          }
        });
      }
      this.#person();
    });
  }

  async #click(node: ServerNode, ids: readonly string[]): Promise<void> {
    const operator = {
      actor: 'operator',
      userId: 'operator',
      via: 'session' as const,
      from: '192.0.2.1',
      authenticatedAt: null,
      scope: fullScope(),
    };
    try {
      await node.rooms?.problems.run(ids, operator, 'looked at it');
    } catch (error) {
      if (!(error instanceof PiculusError)) throw error;
      this.#parts.happened(`a click is refused: ${error.code}`);
    }
  }

  #logged(line: string): void {
    const said: unknown = JSON.parse(line);
    if (typeof said !== 'object' || said === null || !('msg' in said)) return;
    this.#parts.happened(`log: ${String(said.msg).slice(0, 60)}`);
  }
}

function signingKeyOf(random: Random) {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const privateKey = createPrivateKey({
    key: Buffer.concat([head, random.bytes(32)]),
    format: 'der',
    type: 'pkcs8',
  });
  return { ...serverKeyOf(privateKey), privateKey, createdAt: new Date(EPOCH_MS) };
}
