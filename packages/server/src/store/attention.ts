/** Problems that wait for a person by their own state: a narrow table beside the hot one. */
import type { StoredProblemState } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Tx } from './database.ts';

interface Waiting {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly state: StoredProblemState;
}

/** Which problems of a batch begin and cease to wait. */
export class AttentionDeltas {
  readonly #changes = new Map<string, { before: Waiting | null; after: Waiting | null }>();

  add(problemId: string, after: Waiting | null): void {
    const before = this.#changes.get(problemId)?.before ?? null;
    if (before === null && after === null) this.#changes.delete(problemId);
    else this.#changes.set(problemId, { before, after });
  }
  remove(problemId: string, before: Waiting | null): void {
    const known = this.#changes.get(problemId);
    if (known === undefined && before === null) return;
    this.#changes.set(problemId, { before: known === undefined ? before : known.before, after: null });
  }

  gone(): string[] {
    return [...this.#changes].flatMap(([id, { before, after }]) => (before && !after ? [id] : []));
  }
  here(): { id: string; s: string; f: string; w: string }[] {
    return [...this.#changes].flatMap(([id, { before, after }]) =>
      after === null || after.state === before?.state
        ? []
        : [{ id, s: after.sysCode, f: after.fixCode, w: after.state }],
    );
  }
}

/** No two batches wait for each other here: each holds its problems already. */
export async function keepAttention(tx: Tx, deltas: AttentionDeltas): Promise<void> {
  await Promise.all([leave(tx, deltas.gone()), enter(tx, deltas.here())]);
}

async function leave(tx: Tx, gone: readonly string[]): Promise<void> {
  if (gone.length === 0) return;
  await sql`DELETE FROM piculus.attention WHERE problem_id = ANY(${[...gone]}::bigint[])`.execute(tx);
}

async function enter(tx: Tx, here: ReturnType<AttentionDeltas['here']>): Promise<void> {
  if (here.length === 0) return;
  await sql`
    INSERT INTO piculus.attention (problem_id, sys_code, fix_code, state)
    SELECT id, s, f, w FROM jsonb_to_recordset(${JSON.stringify(here)}::text::jsonb) AS given(
      id bigint, s text, f text, w text)
    ON CONFLICT (problem_id) DO UPDATE SET state = excluded.state`.execute(tx);
}
