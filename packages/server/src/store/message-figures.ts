/** Throughput and latency of messages by slots of time. */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor } from './database.ts';
import { within } from './scope.ts';

export interface FigureSpan {
  readonly sysCode: string | undefined;
  readonly scope: Scope;
  readonly from: Date;
  readonly to: Date;
  readonly slotMs: number;
}

export interface FiguresRow {
  /** Place of the slot in the span, from 0. */
  readonly slot: number;
  readonly in: number;
  readonly out: number;
  readonly failed: number;
  readonly sizeBytes: number;
  readonly latencyP50Ms: number | null;
  readonly latencyP95Ms: number | null;
}

/** Only the slots in which there were messages. The bounds on `at` leave out all other days' partitions. */
export async function messageFigures(db: Executor, span: FigureSpan): Promise<FiguresRow[]> {
  const ofSystem = span.sysCode === undefined ? sql`` : sql`AND m.sys_code = ${span.sysCode}`;
  const found = await sql<FiguresRow>`
    SELECT slot, "in", "out", failed, "sizeBytes", latency[1] AS "latencyP50Ms", latency[2] AS "latencyP95Ms"
    FROM (SELECT floor(extract(epoch FROM m.at - ${span.from}::timestamptz) * 1000 / ${span.slotMs}::integer)::integer AS slot,
      count(*) FILTER (WHERE m.direction = 'in')::integer AS "in",
      count(*) FILTER (WHERE m.direction = 'out')::integer AS "out",
      count(*) FILTER (WHERE m.state IN ('refused', 'lost'))::integer AS failed,
      sum(m.size_bytes)::double precision AS "sizeBytes",
      -- Both at once, because each question sorts the latencies of its slot.
      percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY m.latency_ms) AS latency
    FROM piculus.messages m
    WHERE m.at >= ${span.from}::timestamptz AND m.at < ${span.to}::timestamptz ${ofSystem}
      AND ${within(sql`m.sys_code`, span.scope)}
    GROUP BY 1) AS by_slot`.execute(db);
  return found.rows;
}
