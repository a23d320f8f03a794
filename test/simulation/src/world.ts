/** One run: the world of a seed, its faults, then peace, and what must hold all the while and at the end. */
import type { Client } from '@piculus/client';
import { OUTCOME_NAMES, type Outcome } from '@piculus/protocol';
import { DEFAULT_POLICY, type RepairPolicy } from '@piculus/repairs';
import { z } from 'zod';
import { SimulatedBank } from './bank/bank.ts';
import { BankCalls } from './bank/calls.ts';
import { startClient } from './client-process.ts';
import { Faults } from './faults.ts';
import { History } from './history.ts';
import { MoneyInvariants, Violation } from './invariants/money.ts';
import { Net } from './net.ts';
import { arrange, arrangeControl, recipesOf } from './orders.ts';
import { drawProfile, type Profile, type ServerKind } from './profile.ts';
import { type Random, streamsOf } from './random.ts';
import { Lane, Scheduler } from './scheduler.ts';
import type { ServerEnd } from './server-end.ts';
import type { WorldName } from './worlds.ts';
import { StandInServer } from './stand-in-server.ts';
import { NormalPath } from './system/normal-path.ts';
import { SimulatedDatabase } from './system/tables.ts';

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly profile: Profile;
  readonly events: number;
  readonly virtualMs: number;
  readonly violation: Violation | null;
  readonly history: History;
  /** How often each kind of thing happened: faults, outcomes, scenarios. */
  readonly seen: ReadonlyMap<string, number>;
}

const CONTROL_NO = 'CONTROL-1';
const RESTART_MS = 8_000;
const FIX_CODES = [
  'interRechargeFixServiceImpl',
  'interWithdrawFixServiceImpl',
  'interWithdrawAccFixServiceImpl',
  'rechargeFailedFixServiceImpl',
  'rechargeTimeoutFixServiceImpl',
  'withdrawFailedFixServiceImpl',
  'withdrawFailedAccFixServiceImpl',
  'withdrawTimeoutFixServiceImpl',
] as const;

/** A lease of any server end lasts so long; clocks that show whole milliseconds may be off by one at either end. */
const LEASE_MS = 15_002;

/** What a run is told besides its seed. */
export interface Asked {
  readonly server: ServerKind;
  /** Null: the seed chooses. */
  readonly world: WorldName | null;
  /** Run on the server's database when it is installed. */
  readonly ddl: readonly string[];
}

export async function runSeed(seed: number, asked: Asked): Promise<RunResult> {
  const world = new World(seed, asked);
  return world.run();
}

/** The real server is loaded only where it is wanted. */
export const loadCluster = () => import('./server/cluster.ts');

class World {
  readonly #seed: number;
  readonly #ddl: readonly string[];
  readonly #streams: (name: string) => Random;
  readonly #profile: Profile;
  readonly #scheduler: Scheduler;
  readonly #history: History;
  readonly #seen = new Map<string, number>();
  readonly #net: Net;
  readonly #bank: SimulatedBank;
  readonly #database: SimulatedDatabase;
  readonly #calls: BankCalls;
  #server: ServerEnd;
  readonly #normal: NormalPath;
  readonly #faults: Faults;
  readonly #money: MoneyInvariants;
  readonly #policy: RepairPolicy;
  readonly #last = new Map<string, Outcome>();
  readonly #lanes = new Map<string, Lane>();
  readonly #clients = new Set<Client>();
  #starts = 0;
  #healed = false;

  constructor(seed: number, { server, world, ddl }: Asked) {
    this.#ddl = ddl;
    this.#seed = seed;
    this.#streams = streamsOf(String(seed));
    this.#profile = drawProfile(this.#streams('profile'), server, world);
    const { net, bank, database, normal, continueMs } = this.#profile;
    const scheduler = new Scheduler(this.#streams('ties'));
    this.#scheduler = scheduler;
    this.#history = new History(scheduler);
    this.#net = new Net(scheduler, this.#streams('net'), net);
    this.#bank = new SimulatedBank(scheduler, this.#streams('bank'), bank);
    this.#database = new SimulatedDatabase(scheduler, this.#streams('database'), database);
    this.#calls = new BankCalls({
      scheduler,
      bank: this.#bank,
      random: this.#streams('calls'),
      profile: bank,
      controlNo: CONTROL_NO,
      // What was asked about the number that all repairs ask about concerns all.
      heard: (requestNo, text) =>
        this.#history.add(requestNo === CONTROL_NO ? null : orderOf(requestNo), text),
    });
    this.#bank.onState = ({ orderNo, requestNo, state }) =>
      this.#history.add(orderNo, `bank: ${requestNo} is ${state}`);
    this.#policy = {
      ...DEFAULT_POLICY,
      rechargeMinAgeMs: 20_000,
      withdrawMinAgeMs: this.#profile.payoutMinAgeMs,
      continueWithdrawMaxAgeMs: continueMs,
    };
    const executesAgain = bank.onFailure === 'executes-again';
    this.#money = new MoneyInvariants({
      committed: this.#database.committed,
      bank: this.#bank,
      executesAgain,
    });
    this.#server = new StandInServer({
      scheduler,
      random: this.#streams('server'),
      fixCodes: FIX_CODES,
      repeat: net.repeat,
      overfull: net.overfull,
      answered: (result, orderNo) => {
        if (result.scenario) this.#count(`scenario ${result.scenario}`);
        this.#answered(result, orderNo);
      },
    });
    this.#normal = new NormalPath({
      scheduler,
      database: this.#database,
      bank: this.#bank,
      calls: this.#calls,
      random: this.#streams('normal'),
      profile: normal,
      bankProfile: bank,
      lane: () => this.#lane('system'),
    });
    this.#database.onCommit = (tx) => {
      this.#money.commits(tx);
      this.#history.committed(tx);
      for (const proof of tx.writes.proofs.values()) {
        if (proof.source === 'close') this.#bank.proven(proof.requestNo);
      }
    };
    this.#faults = new Faults({
      scheduler,
      random: this.#streams('faults'),
      profile: this.#profile,
      bank: this.#bank,
      database: this.#database,
      lanes: () => [...this.#lanes.values()].filter(({ state }) => state === 'up'),
      ended: (lane) => this.#restartLater(lane),
      happened: (what, where) => {
        this.#count(`fault ${what}`);
        this.#history.add(null, where === undefined ? what : `${what}: ${where}`);
      },
    });
  }

  /** Nodes of the real server. */
  async #cluster(): Promise<ServerEnd> {
    const { Cluster } = await loadCluster();
    const cluster = new Cluster({
      scheduler: this.#scheduler,
      random: this.#streams('server'),
      fixCodes: FIX_CODES,
      nodes: this.#profile.nodes,
      ddl: this.#ddl,
      database: this.#profile.database,
      rules: this.#profile.rules,
      happened: (what) => {
        this.#count(what);
        this.#history.add(null, what);
      },
      told: (orderNo, text) => this.#history.add(orderNo, text),
      executed: (row) => {
        const { outcome, verified, reason, effects, business_key: orderNo } = executionSchema.parse(row);
        this.#answered({ outcome, verified, reason, effects }, orderNo);
      },
    });
    await cluster.install();
    return cluster;
  }

  #answered(
    result: { outcome: Outcome; verified: boolean; reason: string; effects: readonly { kind: string }[] },
    orderNo: string,
  ): void {
    const { outcome, verified, reason } = result;
    this.#count(`outcome ${outcome}`);
    for (const { kind } of result.effects) this.#count(`effect ${kind}`);
    this.#last.set(orderNo, outcome);
    this.#history.add(orderNo, `answer ${outcome}: ${reason}`);
    if (outcome === 'fixed') this.#money.fixed({ verified, reason }, orderNo);
  }

  async run(): Promise<RunResult> {
    let violation: Violation | null = null;
    try {
      if (this.#profile.nodes > 0) this.#server = await this.#cluster();
      this.#begin();
      await this.#scheduler.run(this.#profile.safetyMs, () => this.#check());
      this.#heal();
      const deadline = this.#scheduler.nowMs + this.#profile.livenessMs;
      await this.#scheduler.run(
        deadline,
        () => this.#check(),
        () => this.#allEnded(),
      );
      this.#money.atEnd(this.#last, (orderNo) => this.#server.told(orderNo));
      this.#server.atEnd();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error;
    } finally {
      for (const lane of this.#lanes.values()) lane.kill('power');
    }
    const { events, nowMs } = this.#scheduler;
    for (const [key, row] of this.#database.committed.orders) {
      this.#scheduler.note(`${key} ${row.status} ${row.version}`);
    }
    return {
      seed: this.#seed,
      hash: this.#scheduler.hash(),
      profile: this.#profile,
      events,
      virtualMs: nowMs,
      violation,
      history: this.#history,
      seen: this.#seen,
    };
  }

  #begin(): void {
    const random = this.#streams('orders');
    const { oldestMs } = this.#profile;
    const parts = {
      scheduler: this.#scheduler,
      database: this.#database,
      bank: this.#bank,
      random,
      oldestMs,
    };
    const recipes = recipesOf(this.#profile.recipes);
    for (const name of this.#server.processes) this.#start(name);
    this.#start('system');
    for (let number = 1; number <= this.#profile.processes.clients; number += 1) {
      this.#start(`client-${number}`);
    }
    arrangeControl(parts, CONTROL_NO);
    for (let number = 1; number <= this.#profile.orders; number += 1) {
      const recipe = random.pick(recipes);
      const put = (): void => {
        const order = arrange(parts, recipe, number);
        this.#count(`order ${recipe.name}`);
        this.#history.add(order.orderNo, `${recipe.name}: ${order.booking}, ${order.amountMinor}`);
      };
      if (random.chance(0.7)) put();
      else this.#scheduler.after(random.between(0, 80_000), null, 'new order', put);
    }
  }

  #check(): void {
    this.#money.check();
    this.#server.check();
  }

  #heal(): void {
    this.#healed = true;
    this.#faults.heal();
    this.#net.heal();
    this.#database.healed = true;
    this.#bank.healed = true;
    this.#calls.healed = true;
    this.#normal.healed = true;
    this.#server.heal();
    for (const lane of this.#lanes.values()) {
      lane.skewMs = 0;
      lane.thaw();
      if (lane.state === 'dead') this.#start(baseName(lane));
    }
    this.#history.add(null, 'everything works again');
  }

  /** Nothing waits, and what is there was looked at: two collects after peace. */
  #allEnded(): boolean {
    const { scheduler, safety } = { scheduler: this.#scheduler, safety: this.#profile.safetyMs };
    if (scheduler.nowMs < (this.#profile.nodes > 0 ? 290_000 : safety + 200_000)) return false;
    return this.#server.ended();
  }

  #lane(name: string): Lane {
    const lane = this.#lanes.get(name);
    if (!lane) throw new Error(`no process ${name}`);
    return lane;
  }

  #start(name: string): void {
    this.#starts += 1;
    const lane = new Lane(this.#scheduler, `${name}#${this.#starts}`, this.#streams(`lane ${this.#starts}`));
    this.#lanes.set(name, lane);
    if (name.startsWith('server')) {
      if (!this.#healed) lane.skewMs = lane.random.between(-1, 1) * this.#profile.processes.skewMs;
      this.#server.start(name, lane);
    } else if (name === 'system') this.#normal.start(lane);
    else this.#startClient(lane);
  }

  #startClient(lane: Lane): void {
    if (!this.#healed) lane.skewMs = lane.random.between(-1, 1) * this.#profile.processes.skewMs;
    const client = startClient({
      lane,
      net: this.#net,
      server: this.#server,
      database: this.#database,
      bank: this.#bank,
      calls: this.#calls,
      policy: this.#policy,
      places: this.#profile.processes.places,
      statementDelayMs: this.#profile.bank.statementDelayMs,
      begins: (silentMs) => {
        if (silentMs === null || silentMs <= LEASE_MS) return;
        const seconds = (silentMs / 1_000).toFixed(1);
        this.#money.broke(
          new Violation(
            'I8',
            null,
            `${lane.name} begins a command ${seconds} s after it last heard of a server`,
          ),
        );
      },
    });
    client.on((event) => {
      if (event.type === 'refused-message') this.#count(`refused ${event.code}`);
    });
    this.#clients.add(client);
  }

  #restartLater(lane: Lane): void {
    const name = baseName(lane);
    const ms = this.#streams(`restart ${lane.name}`).between(500, RESTART_MS);
    this.#scheduler.after(ms, null, 'process starts', () => {
      if (this.#lane(name).state === 'dead') this.#start(name);
    });
  }

  #count(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }
}

const executionSchema = z.object({
  outcome: z.enum(OUTCOME_NAMES),
  verified: z.boolean(),
  reason: z.string(),
  effects: z.array(z.object({ kind: z.string() })),
  business_key: z.string(),
});

/** Numbers that go to the bank are those of their orders, with the attempt behind. */
const orderOf = (requestNo: string): string => requestNo.replace(/-\d+$/, '');

const baseName = (lane: Lane): string => lane.name.split('#')[0] ?? '';
