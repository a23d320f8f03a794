/**
 * One client by hand: says what no client of the SDK would, in the SDK's manner otherwise. So many messages may be
 * unacknowledged; where the connection ends, it comes back as the SDK does and says again what was not acknowledged.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link, Transport } from '@piculus/client';
import { LIMITS, PROTOCOL_VERSION } from '@piculus/protocol';
import { BROKEN, type Command, FIX_CODE, frameOf, problemOf } from './messages.ts';

const UNACKNOWLEDGED_MAX = 64;
const PROBLEMS_PER_REPORT = 20;
/** As in the SDK. */
const RECONNECT = { baseMs: 500, maxMs: 10_000, goodAfterMs: 1_000 };
const HEARTBEAT_MS = 5_000;

interface Sent {
  readonly frame: string;
  readonly report: boolean;
}

export class Sender {
  readonly clientId = randomUUID();
  readonly sysCode: string;
  /** Messages that were broken on purpose, by what they have to be refused with. */
  readonly brokenSent = new Map<string, number>();
  /** Refusals that came back, by their code. */
  readonly refusals = new Map<string, number>();
  acknowledged = 0;
  /** Problems of acknowledged reports that were no repeats. */
  problems = 0;
  connectionsLost = 0;
  readonly #transport: Transport;
  readonly #unacknowledged = new Map<string, Sent>();
  readonly #brokenIds = new Set<string>();
  /** Not the same one for all, so that a short run has all kinds as well. */
  readonly #firstKind = Math.floor(Math.random() * BROKEN.length);
  readonly #news = new Set<() => void>();
  #link: Link | null = null;
  #greeted = false;
  #stopped = false;
  #command: Command | null = null;
  #sequence = 0;
  #reportsOpen = 0;
  #keys = 0;

  constructor(sysCode: string, transport: Transport) {
    this.sysCode = sysCode;
    this.#transport = transport;
  }

  /** Connects, and stays connected until {@link stop}. Resolves at the first welcome. */
  async start(): Promise<void> {
    void this.#run();
    await this.#until(() => this.#greeted);
    void this.#heartbeats();
  }

  stop(): void {
    this.#stopped = true;
    this.#link?.close('done');
    this.#tell();
  }

  /** Waits for the command of a collect, so that problems can be reported. */
  async commanded(): Promise<void> {
    await this.#until(() => this.#command !== null);
  }

  /** Says so many good messages and the broken ones among them. @returns ms until the last good one was acknowledged. */
  async round(good: number, brokenAt: ReadonlySet<number>): Promise<number> {
    const startedAt = performance.now();
    for (let i = 0; i < good; i += 1) {
      if (brokenAt.has(i)) {
        await this.#until(() => this.#greeted);
        this.#sayBroken();
      }
      await this.#until(() => this.#greeted && this.#unacknowledged.size < UNACKNOWLEDGED_MAX);
      await this.#sayGood(i);
    }
    await this.#until(() => this.#unacknowledged.size === 0);
    return performance.now() - startedAt;
  }

  /** Ends the collect. */
  async done(): Promise<void> {
    const command = this.#command;
    if (command === null) return;
    const counts = { rowsScanned: 0, problemsFound: this.problems, durationMs: 0 };
    this.#say((id) => frameOf(id, 'collect-done', { ...command, ...counts, complete: true, feeds: [] }));
    await this.#until(() => this.#unacknowledged.size === 0);
    this.#command = null;
    this.#sequence = 0;
  }

  async #sayGood(i: number): Promise<void> {
    const command = this.#command;
    if (command === null) throw new Error('no collect was commanded');
    const part = i % 10;
    if (part === 0) {
      await this.#until(() => this.#greeted && this.#reportsOpen < LIMITS.unacknowledgedReports);
      this.#report(command, i % 100 === 90);
    } else if (part <= 5) this.#say((id) => frameOf(id, 'heartbeat', this.#heartbeat()));
    else if (part <= 7)
      this.#say((id) =>
        frameOf(id, 'collect-progress', { ...command, rowsScanned: i, problemsFound: this.problems }),
      );
    else if (part === 8)
      this.#say((id) =>
        frameOf(id, 'revealed', { revealId: id, values: [{ field: 'order.payee', value: 'x' }] }),
      );
    else this.#say((id) => frameOf(id, 'preview-result', previewOf(id)));
  }

  /** @param repeat says the last report again, under its number. */
  #report(command: Command, repeat: boolean): void {
    if (!repeat || this.#sequence === 0) {
      this.#sequence += 1;
      this.#keys += PROBLEMS_PER_REPORT;
      this.problems += PROBLEMS_PER_REPORT;
    }
    const first = this.#keys - PROBLEMS_PER_REPORT;
    const problems = Array.from({ length: PROBLEMS_PER_REPORT }, (_, n) => problemOf(`R${first + n}`));
    this.#say((id) => frameOf(id, 'problems', { ...command, sequence: this.#sequence, problems }), true);
  }

  #sayBroken(): void {
    const kind = BROKEN[(this.#firstKind + this.#brokenIds.size) % BROKEN.length];
    if (kind === undefined || this.#command === null) return;
    const id = randomUUID();
    this.#brokenIds.add(id);
    this.brokenSent.set(kind.code, (this.brokenSent.get(kind.code) ?? 0) + 1);
    this.#link?.send(kind.frame(id, this.#command));
  }

  #say(frame: (id: string) => string, report = false): void {
    const id = randomUUID();
    const sent = { frame: frame(id), report };
    this.#unacknowledged.set(id, sent);
    if (report) this.#reportsOpen += 1;
    this.#link?.send(sent.frame);
  }

  #heartbeat() {
    const collectCommands = this.#command === null ? [] : [this.#command.commandId];
    return { freePlaces: 4, leases: [], collectCommands, eventLoopLagMs: 0 };
  }

  async #heartbeats(): Promise<void> {
    while (!this.#stopped) {
      await sleep(HEARTBEAT_MS, undefined, { ref: false });
      if (this.#greeted) this.#link?.send(frameOf(randomUUID(), 'heartbeat', this.#heartbeat()));
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      const since = performance.now();
      await this.#connectOnce().catch(() => {});
      if (this.#stopped) return;
      this.connectionsLost += 1;
      failures = performance.now() - since > RECONNECT.goodAfterMs ? 1 : failures + 1;
      await sleep(Math.random() * Math.min(RECONNECT.maxMs, RECONNECT.baseMs * 2 ** (failures - 1)));
    }
  }

  async #connectOnce(): Promise<void> {
    let gone = (): void => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const link = await this.#transport.connect(
      {
        message: (frame) => this.#heard(frame),
        closed: () => {
          this.#greeted = false;
          this.#link = null;
          gone();
        },
      },
      new AbortController().signal,
    );
    this.#link = link;
    link.send(frameOf(randomUUID(), 'hello', this.#hello()));
    await closed;
  }

  #hello() {
    return {
      clientId: this.clientId,
      protocolVersions: [PROTOCOL_VERSION],
      sdk: { name: 'by-hand', version: '1.0.0' },
      application: { name: this.sysCode, version: '1.0.0' },
      host: 'bench',
      pid: process.pid,
      places: 4,
      collectors: [FIX_CODE],
      fixes: [FIX_CODE],
      leases: [],
    };
  }

  #heard(frame: string): void {
    const message = readAnswer(frame);
    const { type, body } = message;
    if (type === 'ack') this.#settle(body.re);
    else if (type === 'error') this.#refused(body);
    else if (type === 'welcome') {
      this.#greeted = true;
      // What was under way with the last connection is said again, as the SDK does.
      for (const { frame: again } of this.#unacknowledged.values()) this.#link?.send(again);
    } else {
      if (type === 'collect' && body.commandId !== undefined && body.epoch !== undefined)
        this.#command = { commandId: body.commandId, epoch: body.epoch };
      this.#link?.send(frameOf(randomUUID(), 'ack', { re: message.id }));
    }
    this.#tell();
  }

  #settle(re: string | undefined): void {
    const sent = re === undefined ? undefined : this.#unacknowledged.get(re);
    if (re === undefined || sent === undefined) return;
    this.#unacknowledged.delete(re);
    if (sent.report) this.#reportsOpen -= 1;
    this.acknowledged += 1;
  }

  #refused({ re, code = 'none' }: Answer['body']): void {
    const sent = re === undefined ? undefined : this.#unacknowledged.get(re);
    if (re !== undefined && sent !== undefined) throw new Error(`a good message was refused with ${code}`);
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#stopped) await new Promise<void>((resolve) => this.#news.add(resolve));
  }

  #tell(): void {
    const waiting = [...this.#news];
    this.#news.clear();
    for (const resolve of waiting) resolve();
  }
}

function previewOf(previewId: string) {
  const reason = 'nobody asked';
  const verdict = 'already-right' as const;
  return {
    previewId,
    fixCode: FIX_CODE,
    businessKey: 'R1',
    verdict,
    scenario: null,
    reason,
    steps: [],
    facts: null,
  };
}

interface Answer {
  readonly id: string;
  readonly type: string;
  readonly body: {
    readonly re?: string;
    readonly code?: string;
    readonly commandId?: string;
    readonly epoch?: number;
  };
}

function readAnswer(frame: string): Answer {
  const value: unknown = JSON.parse(frame);
  if (!isAnswer(value)) throw new Error('the server said what is no message');
  return value;
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type, body } = value as Partial<Record<keyof Answer, unknown>>;
  return typeof id === 'string' && typeof type === 'string' && typeof body === 'object' && body !== null;
}
