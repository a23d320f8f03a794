/**
 * A server end that keeps the promises of the protocol with as little as possible: it asks for problems, leases them
 * out, records answers under their lease and hands out again what was not answered. What it keeps survives its
 * process; what it acknowledges, it has kept.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  type ClientMessage,
  type ErrorCode,
  ERRORS,
  type FixItem,
  type FixResult,
  type Outcome,
  type ProblemReport,
  PROTOCOL_VERSION,
  type ServerMessageBody,
  type ServerMessageType,
} from '@piculus/protocol';
import { fixItemBytes, serverKeyOf, signBytes } from '@piculus/protocol/signing';
import { read } from './frames.ts';
import type { End, Net, Wire } from './net.ts';
import { type ServerEnd, stands } from './server-end.ts';
import type { Random } from './random.ts';
import { EPOCH_MS, type Lane, type Scheduler } from './scheduler.ts';

export interface Problem {
  readonly id: string;
  readonly report: ProblemReport;
  state: 'pending' | 'executing' | 'fixed' | 'cleared' | 'needs-human';
  attempt: number;
  reopened: number;
  nextAtMs: number;
  previousOutcome: Outcome | null;
  reason: string;
}

interface Lease {
  readonly id: string;
  readonly clientId: string;
  readonly epoch: number;
  readonly items: Map<string, Problem>;
  expiresAtMs: number;
  closed: boolean;
}

interface Session {
  readonly wire: Wire;
  readonly lane: Lane;
  clientId: string | null;
  freePlaces: number;
  lastHeardMs: number;
  open: boolean;
}

const LEASE_MS = 15_000;
const SILENCE_MS = 15_000;
const RETRY_MS = 8_000;
const COLLECT_MS = 25_000;
const COLLECT_LOST_MS = 40_000;
const HEARTBEAT_MS = 4_000;
const WINDOW_MS = 3_600_000;
const SYSTEM = 'PBAP';

export interface ServerParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly fixCodes: readonly string[];
  readonly answered: (result: FixResult, orderNo: string) => void;
  /** Chance that a command is sent a second time under its lease. */
  readonly repeat: number;
  /** It counts on more places than a client has. */
  readonly overfull: boolean;
}

/** What the server has committed, and what of it is in memory only: the sessions. */
export class StandInServer implements ServerEnd {
  readonly processes = ['server'];
  readonly problems = new Map<string, Problem>();
  readonly outcomes = new Map<string, number>();
  readonly serverKey: string;
  readonly #parts: ServerParts;
  readonly #key: KeyObject;
  readonly #keyId: string;
  readonly #leases = new Map<string, Lease>();
  #collect: { id: string; clientId: string; epoch: number; sentAtMs: number } | null = null;
  #collectAtMs = 0;
  #sessions = new Set<Session>();
  #lane: Lane | null = null;
  #healed = false;
  readonly told = (orderNo: string): boolean => stands(this.problems.values(), orderNo);

  constructor(parts: ServerParts) {
    this.#parts = parts;
    // Ed25519 from the seed: the fixed head of a PKCS #8 key, then its 32 bytes.
    const head = Buffer.from('302e020100300506032b657004220420', 'hex');
    const der = Buffer.concat([head, parts.random.bytes(32)]);
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const { keyId, text } = serverKeyOf(this.#key);
    this.#keyId = keyId;
    this.serverKey = text;
  }

  connect(near: End, net: Net): Promise<Wire | null> {
    const lane = this.#lane;
    if (lane?.state !== 'up') return Promise.resolve(null);
    return Promise.resolve(net.connect(near, (wire) => this.accept(lane, wire)).wire);
  }

  ended(): boolean {
    return [...this.problems.values()].every(({ state }) => state !== 'pending' && state !== 'executing');
  }

  heal(): void {
    this.#healed = true;
  }

  check(): void {}
  atEnd(): void {}

  /** Begins in a process; what an earlier one had in memory is gone. */
  start(_name: string, lane: Lane): void {
    this.#lane = lane;
    this.#sessions = new Set();
    lane.onKill(() => {
      this.#sessions = new Set();
    });
    this.#again(lane, 'dispatch', 500, () => this.#dispatch());
    this.#again(lane, 'rescue', 1_000, () => this.#rescue());
    this.#again(lane, 'collect', 1_000, () => this.#askForProblems());
  }

  /** A connection comes in. */
  accept(lane: Lane, wire: Wire): End {
    const session: Session = {
      wire,
      lane,
      clientId: null,
      freePlaces: 0,
      lastHeardMs: this.#now(),
      open: true,
    };
    this.#sessions.add(session);
    return {
      lane,
      message: (frame) => this.#message(session, frame),
      closed: () => {
        session.open = false;
        this.#sessions.delete(session);
      },
    };
  }

  #message(session: Session, frame: string): void {
    if (!session.open) return;
    session.lastHeardMs = this.#now();
    const message = read(frame);
    void this.#take(session, message).then((code) => {
      if (message.type === 'ack' || message.type === 'error' || !session.open) return;
      if (code === null) {
        if (message.type !== 'hello') this.#send(session, 'ack', { re: message.id });
        return;
      }
      const { retryable } = ERRORS[code];
      this.#send(session, 'error', { re: message.id, code, detail: code, retryable });
    });
  }

  /** Resolves when what the message changes is committed, with the code that refuses it. */
  async #take(session: Session, message: ClientMessage): Promise<ErrorCode | null> {
    const { lane } = session;
    if (message.type === 'hello') return this.#hello(session, message.body);
    if (session.clientId === null) return null;
    if (message.type === 'heartbeat') {
      await lane.turn('commit heartbeat');
      session.freePlaces = message.body.freePlaces + (this.#parts.overfull ? 1 : 0);
      for (const id of message.body.leases) this.#renew(id, session.clientId);
    }
    if (message.type === 'problems') {
      await lane.turn('commit report');
      const { commandId, epoch, problems } = message.body;
      if (this.#collect?.id !== commandId || this.#collect.epoch !== epoch) return 'stale-lease';
      for (const problem of problems) this.#report(problem);
    }
    if (message.type === 'collect-done') {
      await lane.turn('commit collect');
      if (this.#collect?.id === message.body.commandId) this.#collect = null;
    }
    if (message.type === 'fix-results') return this.#results(lane, message.body);
    return null;
  }

  async #hello(session: Session, body: Extract<ClientMessage, { type: 'hello' }>['body']): Promise<null> {
    await session.lane.turn('commit hello');
    for (const other of [...this.#sessions]) {
      if (other !== session && other.clientId === body.clientId) this.#drop(other, 'replaced');
    }
    session.clientId = body.clientId;
    const lostLeases = body.leases.filter((id) => !this.#renew(id, body.clientId));
    this.#send(session, 'welcome', {
      protocolVersion: PROTOCOL_VERSION,
      sysCode: SYSTEM,
      serverTime: this.#time(0),
      heartbeatMs: HEARTBEAT_MS,
      lostLeases,
    });
    return null;
  }

  #renew(id: string, clientId: string): boolean {
    const lease = this.#leases.get(id);
    if (!lease || lease.closed || lease.clientId !== clientId) return false;
    lease.expiresAtMs = this.#now() + LEASE_MS;
    return true;
  }

  #report(report: ProblemReport): void {
    const key = `${report.fixCode} ${report.businessKey}`;
    const there = this.problems.get(key);
    if (!there) {
      const id = String(this.problems.size + 1);
      const fresh = { attempt: 0, reopened: 0, nextAtMs: 0, previousOutcome: null, reason: '' };
      this.problems.set(key, { id, report, state: 'pending', ...fresh });
    } else if (there.state === 'fixed' || there.state === 'cleared') {
      // Every reopening is a command of its own.
      if (there.state === 'fixed') there.reopened += 1;
      there.state = 'pending';
    }
  }

  async #results(
    lane: Lane,
    { leaseId, epoch, results }: Extract<ClientMessage, { type: 'fix-results' }>['body'],
  ): Promise<ErrorCode | null> {
    await lane.turn('commit results');
    const lease = this.#leases.get(leaseId);
    if (!lease || lease.closed || lease.epoch !== epoch) return 'stale-lease';
    for (const result of results) {
      const problem = lease.items.get(result.problemId);
      if (!problem) continue;
      lease.items.delete(result.problemId);
      this.#record(problem, result);
    }
    if (lease.items.size === 0) lease.closed = true;
    return null;
  }

  #record(problem: Problem, result: FixResult): void {
    const { outcome, reason } = result;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    problem.previousOutcome = outcome;
    problem.reason = reason;
    problem.nextAtMs = this.#now() + RETRY_MS;
    if (outcome === 'fixed') problem.state = 'fixed';
    else if (outcome === 'already-right' || outcome === 'not-this-problem') problem.state = 'cleared';
    else if (outcome === 'refused') problem.state = 'needs-human';
    else problem.state = 'pending';
    this.#parts.answered(result, problem.report.businessKey);
  }

  async #dispatch(): Promise<void> {
    const sessions = [...this.#sessions].filter(({ clientId, freePlaces }) => clientId && freePlaces > 0);
    for (const session of sessions) {
      const busy = new Set(
        [...this.#leases.values()]
          .filter(({ closed }) => !closed)
          .flatMap(({ items }) => [...items.values()].map(({ report }) => report.businessKey)),
      );
      const due: Problem[] = [];
      for (const problem of this.problems.values()) {
        const ready = problem.state === 'pending' && problem.nextAtMs <= this.#now();
        if (!ready || busy.has(problem.report.businessKey) || due.length >= session.freePlaces) continue;
        busy.add(problem.report.businessKey);
        due.push(problem);
      }
      if (due.length === 0 || session.clientId === null) continue;
      await this.#lease(session, session.clientId, due);
    }
  }

  async #lease(session: Session, clientId: string, due: readonly Problem[]): Promise<void> {
    const lease: Lease = {
      id: this.#parts.random.uuid(),
      clientId,
      epoch: 1,
      items: new Map(due.map((problem) => [problem.id, problem])),
      expiresAtMs: this.#now() + LEASE_MS,
      closed: false,
    };
    session.freePlaces -= due.length;
    this.#leases.set(lease.id, lease);
    for (const problem of due) {
      problem.state = 'executing';
      problem.attempt += 1;
    }
    await session.lane.turn('commit lease');
    const body = { leaseId: lease.id, epoch: lease.epoch, leaseMs: LEASE_MS };
    const items = due.map((problem) => this.#signed(clientId, body, this.#item(problem)));
    this.#send(session, 'fix', { ...body, items });
    if (!this.#healed && this.#parts.random.chance(this.#parts.repeat)) {
      this.#parts.scheduler.after(this.#parts.random.between(1, 30_000), session.lane, 'repeat', () => {
        if (session.open) this.#send(session, 'fix', { ...body, items });
      });
    }
  }

  #item({ id, report, attempt, reopened, previousOutcome }: Problem): FixItem {
    const { fixCode, businessKey, scenario, amountMinor, currency } = report;
    const commandKey = `cmd/${SYSTEM}/${fixCode}/${encodeURIComponent(businessKey)}/${reopened}`;
    return {
      problemId: id,
      commandKey,
      fixCode,
      businessKey,
      scenario,
      amountMinor,
      currency,
      attempt,
      trigger: 'tick',
      previousOutcome,
    };
  }

  #signed(
    clientId: string,
    lease: Pick<ServerMessageBody<'fix'>, 'leaseId' | 'epoch' | 'leaseMs'>,
    item: FixItem,
  ): FixItem {
    const signed = {
      ...item,
      keyId: this.#keyId,
      notBefore: this.#time(0),
      expiresAt: this.#time(300_000),
    };
    const signature = signBytes(this.#key, fixItemBytes({ sysCode: SYSTEM, clientId }, lease, signed));
    return { ...signed, signature };
  }

  async #rescue(): Promise<void> {
    const now = this.#now();
    for (const session of [...this.#sessions]) {
      if (now - session.lastHeardMs > SILENCE_MS) this.#drop(session, 'silent');
    }
    for (const lease of this.#leases.values()) {
      if (lease.closed || lease.expiresAtMs >= now) continue;
      lease.closed = true;
      for (const problem of lease.items.values()) {
        problem.state = 'pending';
        problem.previousOutcome = 'unknown';
        problem.nextAtMs = now;
      }
    }
  }

  async #askForProblems(): Promise<void> {
    const now = this.#now();
    const lost = this.#collect && now - this.#collect.sentAtMs > COLLECT_LOST_MS;
    if ((this.#collect && !lost) || now < this.#collectAtMs) return;
    const sessions = [...this.#sessions].filter(({ clientId }) => clientId !== null);
    if (sessions.length === 0) return;
    const session = this.#parts.random.pick(sessions);
    if (session.clientId === null) return;
    const { random, fixCodes } = this.#parts;
    this.#collectAtMs = now + COLLECT_MS;
    const collect = { id: random.uuid(), clientId: session.clientId, epoch: 1, sentAtMs: now };
    this.#collect = collect;
    this.#send(session, 'collect', {
      commandId: collect.id,
      collectionId: random.uuid(),
      epoch: collect.epoch,
      fixCodes: [...fixCodes],
      windowFrom: this.#time(-WINDOW_MS),
      windowTo: this.#time(0),
    });
  }

  #drop(session: Session, reason: string): void {
    session.open = false;
    this.#sessions.delete(session);
    session.wire.close(reason);
  }

  #send<T extends ServerMessageType>(session: Session, type: T, body: ServerMessageBody<T>): void {
    const id = this.#parts.random.uuid();
    session.wire.send(JSON.stringify({ v: PROTOCOL_VERSION, id, at: this.#time(0), type, body }));
  }

  #again(lane: Lane, name: string, everyMs: number, work: () => Promise<void>): void {
    const next = (): void => this.#parts.scheduler.after(everyMs, lane, name, () => void work().then(next));
    next();
  }

  #now(): number {
    return this.#parts.scheduler.nowMs;
  }

  #time(offsetMs: number): string {
    return new Date(EPOCH_MS + Math.floor(this.#now() + offsetMs)).toISOString();
  }
}
