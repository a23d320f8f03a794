/** Which loops still turn: each has to end a round, well or badly, within a few of its polls. */

/** Rounds that fail wait longer and longer, up to this. */
const BACK_OFF_MS = 30_000;
const POLLS = 5;

export interface LoopWatch {
  /** The loop runs from now on and ends a round at least this often. */
  started(loop: string, pollMs: number): void;
  ended(loop: string): void;
  stopped(loop: string): void;
  /** Loops whose round does not end. */
  stuck(): string[];
}

export function createLoopWatch(nowMs: () => number): LoopWatch {
  const loops = new Map<string, { readonly pollMs: number; readonly endedAt: number }>();
  return {
    started: (loop, pollMs) => {
      loops.set(loop, { pollMs, endedAt: nowMs() });
    },
    ended: (loop) => {
      const known = loops.get(loop);
      if (known !== undefined) loops.set(loop, { ...known, endedAt: nowMs() });
    },
    stopped: (loop) => {
      loops.delete(loop);
    },
    stuck: () =>
      [...loops]
        .filter(([, { pollMs, endedAt }]) => nowMs() - endedAt > POLLS * pollMs + BACK_OFF_MS)
        .map(([loop]) => loop),
  };
}
