/** Open problems by how long ago they were first seen. */
import { AGE_BUCKETS, type ProblemAge } from '@piculus/protocol/http';
import { startOf } from '../base/slots.ts';
import type { AgeRow } from '../store/problem-ages.ts';

const HOUR_MS = 3_600_000;
const EDGES_MS = [HOUR_MS, 24 * HOUR_MS, 72 * HOUR_MS] as const;

/**
 * Where one bucket ends and the next, older one begins; latest first. They are cut to the slots that are counted,
 * so that a list filtered by them finds exactly what the figure says.
 */
export function ageEdges(now: Date): readonly Date[] {
  return EDGES_MS.map((ms) => startOf(new Date(now.getTime() - ms)));
}

/** @param rows by bucket: 0 is the youngest. */
export function asAges(edges: readonly Date[], rows: readonly AgeRow[]): ProblemAge[] {
  return AGE_BUCKETS.map((bucket, place) => {
    const own = rows.filter((row) => row.bucket === place);
    return {
      bucket,
      firstSeenFrom: edges[place]?.toISOString() ?? null,
      firstSeenTo: edges[place - 1]?.toISOString() ?? null,
      problems: own.reduce((sum, { problems }) => sum + Number(problems), 0),
      amounts: own.map(({ currency, amountMinor }) => ({ currency, amountMinor })),
    };
  });
}
