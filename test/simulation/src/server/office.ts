/** People at work where rules hold: who asks for runs, who agrees to them, and who throws the stop switch. */
import { fullScope } from '@server/base/access.js';
import type { Rooms } from '@server/rooms.js';
import { PiculusError } from '@piculus/protocol';
import type { RulesProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import { EPOCH_MS, type Scheduler } from '../scheduler.ts';
import type { Engine } from '../store/index.ts';
import type { ServerNode } from './node.ts';
import type { PEOPLE } from './seed.ts';

type Person = (typeof PEOPLE)[number];
type Row = Readonly<Record<string, unknown>>;

export interface OfficeParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly engine: Engine;
  readonly sysCode: string;
  readonly rules: RulesProfile;
  /** Nodes that answer just now. */
  nodes(): readonly ServerNode[];
  happened(what: string): void;
}

const ASKS_MS = 6_000;
const AGREES_MS = 5_000;
const SWITCH_MS = 60_000;
const CANCELS_MS = 30_000;

export class Office {
  readonly #parts: OfficeParts;
  #healed = false;

  constructor(parts: OfficeParts) {
    this.#parts = parts;
    this.#every(ASKS_MS, 'operator looks', () => this.#asks());
    this.#every(AGREES_MS, 'reviewers look', () => this.#agree());
    this.#every(CANCELS_MS, 'somebody cancels', () => this.#cancels());
    this.#every(AGREES_MS, 'somebody resumes', () => this.#resumes());
    for (let time = 0; time < parts.rules.stops; time += 1) this.#stops();
  }

  /** From here on everybody only helps what waits to its end. */
  heal(): void {
    this.#healed = true;
  }

  #every(ms: number, name: string, act: () => void): void {
    const { scheduler, random } = this.#parts;
    scheduler.after(ms * (0.5 + random.next()), null, name, () => {
      act();
      this.#every(ms, name, act);
    });
  }

  /** At a node of their choice; what is refused is refused. */
  #does(
    person: Person,
    what: string,
    act: (rooms: Rooms, caller: ReturnType<typeof callerOf>) => Promise<unknown>,
  ): void {
    const { scheduler, random } = this.#parts;
    const nodes = this.#parts.nodes();
    if (nodes.length === 0) return;
    const node = random.pick(nodes);
    scheduler.after(0, node.lane, what, () => {
      const { rooms } = node;
      if (rooms === null) return;
      void this.#tries(what, () => act(rooms, callerOf(person, scheduler.nowMs)));
    });
  }

  async #tries(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#parts.happened(what);
    } catch (error) {
      if (!(error instanceof PiculusError)) throw error;
      this.#parts.happened(`${what}: ${error.code}`);
    }
  }

  /** One by one, or many at once; for what takes two people the second one is asked. */
  #asks(): void {
    const { engine, random } = this.#parts;
    const waiting = engine.rows('problems').filter((row) => this.#isWanted(row));
    const ids = waiting.map((row) => String(row['id']));
    if (ids.length === 0) return;
    if (ids.length === 1 || random.chance(0.5)) for (const id of ids) this.#runs([id]);
    else this.#runs(ids);
  }

  #isWanted(row: Row): boolean {
    const { random } = this.#parts;
    if (row['handling'] !== 'fix') return false;
    if (row['reopened'] === true || row['state'] === 'exhausted') return true;
    if (row['state'] === 'pending') return random.chance(this.#healed ? 0.8 : 0.2);
    if (row['state'] !== 'needs-human') return false;
    // What a person was to decide, and what a fix may repair by what is known now: a person lets it.
    return random.chance(this.#healed && row['last_outcome'] === null ? 0.8 : 0.05);
  }

  #runs(ids: readonly string[]): void {
    const [id = ''] = ids;
    const many = ids.length > 1;
    const reason = 'looked at it';
    this.#does(
      'operator',
      many ? 'a person runs many' : 'a person runs one',
      async ({ problems, approvals }, caller) => {
        try {
          await (many ? problems.runBulk(ids, caller, reason) : problems.run(ids, caller, reason));
        } catch (error) {
          if (!(error instanceof PiculusError) || error.code !== 'approval-required') throw error;
          this.#parts.happened('a second person is needed');
          const command = many
            ? { kind: 'run-many' as const, ids: [...ids] }
            : { kind: 'run' as const, problemId: id };
          await approvals.create({ command, caller, reason }, null);
        }
      },
    );
  }

  /** Somebody else agrees, or not; now and then two at once, and now and then who asked tries it. */
  #agree(): void {
    const { engine, random } = this.#parts;
    for (const row of engine.rows('approvals')) {
      if (row['state'] !== 'open') continue;
      const id = String(row['id']);
      const hash = row['hash'] instanceof Uint8Array ? Buffer.from(row['hash']).toString('hex') : '';
      const agrees = (person: Person, what: string): void =>
        this.#does(person, what, ({ approvals }, caller) =>
          approvals.approve(id, { hash, reason: 'agreed' }, caller),
        );
      if (random.chance(0.2)) agrees('operator', 'a person agrees to what they asked for');
      if (!this.#healed && random.chance(0.15)) {
        this.#does('reviewer', 'a second person refuses', ({ approvals }, caller) =>
          approvals.reject(id, 'no', caller),
        );
        continue;
      }
      agrees('reviewer', 'a second person agrees');
      if (random.chance(0.3)) agrees('second-reviewer', 'a third person agrees');
    }
  }

  #cancels(): void {
    const { engine, random } = this.#parts;
    if (this.#healed) return;
    for (const run of engine.rows('bulk_runs')) {
      if (run['finished_at'] !== null || !random.chance(0.3)) continue;
      const id = String(run['id']);
      this.#does('operator', 'a person cancels a bulk run', ({ bulkRuns }, caller) =>
        bulkRuns.cancel(id, caller, 'not now'),
      );
    }
  }

  #stops(): void {
    const { scheduler, random, sysCode } = this.#parts;
    scheduler.after(random.between(4_000, SWITCH_MS), null, 'somebody stops all', () => {
      if (this.#healed) return;
      const place = random.chance(0.5) ? { sysCode } : {};
      const includeManual = random.chance(0.5);
      this.#does('operator', 'a person throws the switch', ({ limits }, caller) =>
        limits.stop({ ...place, includeManual, reason: 'something is wrong' }, caller),
      );
    });
  }

  /** After a while, and once all works again at once. */
  #resumes(): void {
    const { engine, random } = this.#parts;
    for (const halt of engine.rows('halts')) {
      if (halt['kind'] !== 'switch' || halt['ended_at'] !== null) continue;
      if (!this.#healed && !random.chance(0.12)) continue;
      const id = String(halt['id']);
      this.#does('reviewer', 'a person lets it go on', ({ limits }, caller) =>
        limits.resume(id, caller, 'all is well'),
      );
    }
  }
}

function callerOf(person: Person, nowMs: number) {
  return {
    actor: person,
    userId: person,
    via: 'session' as const,
    from: '192.0.2.1',
    authenticatedAt: new Date(EPOCH_MS + nowMs),
    scope: fullScope(),
  };
}
