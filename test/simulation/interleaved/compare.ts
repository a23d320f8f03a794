/** Runs one sequence on one database and writes down what happened, so that two can be compared. */
import type { Outcome, Sessions } from './databases.ts';
import { SESSIONS, type SessionName, type Step } from './statements.ts';

/** One line for each step, and for each statement that ended later. */
export async function storyOf(sessions: Sessions, steps: readonly Step[]): Promise<string[]> {
  const story: string[] = [];
  const waiting = new Map<SessionName, string>();
  const ended: { session: SessionName; sql: string; outcome: Outcome }[] = [];
  const open = new Set<SessionName>();

  const tell = (): void => {
    // Several that end at once end in no order that anybody promises.
    for (const { session, sql, outcome } of ended
      .splice(0)
      .sort((a, b) => (a.session < b.session ? -1 : 1))) {
      story.push(`${session}: ${sql} -> ${outcome}`);
    }
  };
  const run = async ({ session, sql }: Step): Promise<void> => {
    waiting.set(session, sql);
    void sessions.start(session, sql).then((outcome) => {
      waiting.delete(session);
      ended.push({ session, sql, outcome });
    });
    await sessions.settle(waiting);
    tell();
    if (waiting.has(session)) story.push(`${session}: ${sql} waits`);
  };

  for (const step of steps) {
    if (waiting.has(step.session)) continue;
    if (step.sql === 'BEGIN' && open.has(step.session)) continue;
    if ((step.sql === 'COMMIT' || step.sql === 'ROLLBACK') && !open.has(step.session)) continue;
    if (step.sql === 'BEGIN') open.add(step.session);
    if (step.sql === 'COMMIT' || step.sql === 'ROLLBACK') open.delete(step.session);
    await run(step);
  }
  while (open.size > 0) {
    const session = SESSIONS.find((name) => open.has(name) && !waiting.has(name));
    if (session === undefined) throw new Error(`all wait for each other: ${story.join('\n')}`);
    open.delete(session);
    await run({ session, sql: 'COMMIT' });
  }
  for (const sql of [
    'SELECT k, u, v, ended FROM piculus.pairs ORDER BY k',
    'SELECT id, pair FROM piculus.parts ORDER BY id',
  ]) {
    await run({ session: 'a', sql });
  }
  return story;
}
