/**
 * What the database holds, as figures for the metrics: from counts that are kept and from narrow tables. The
 * problems themselves are never read. Each figure has the name of its metric and its labels in the table's order.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Executor } from './database.ts';

export interface StateFigure {
  readonly name: string;
  readonly labels: readonly string[];
  readonly value: number;
}

export interface StateTimes {
  readonly now: Date;
  /** A client that was not heard of since then counts as gone. */
  readonly freshSince: Date;
}

/** One statement, so that the figures are of one moment. Systems with nothing of a kind have a 0. */
export async function readStateFigures(db: Executor, times: StateTimes): Promise<StateFigure[]> {
  const parts = [PROBLEMS, clicks(times), leases(times), collects(times), ticks(times), clients(times)];
  const all = sql.join([...parts, people(times), HALTS, NODES, audit(times)], sql` UNION ALL `);
  const found = await sql<StateFigure>`
    WITH open_leases AS MATERIALIZED (
      SELECT sys_code, cardinality(problem_ids) - cardinality(answered_ids) AS executing, leased_at, expires_at
      FROM piculus.leases WHERE closed_at IS NULL),
    clicks AS MATERIALIZED (
      SELECT sys_code, count(*) AS waiting, min(requested_at) AS oldest FROM piculus.run_requests GROUP BY sys_code),
    open_collects AS MATERIALIZED (
      SELECT sys_code, state, created_at FROM piculus.collect_commands WHERE finished_at IS NULL),
    open_ticks AS MATERIALIZED (
      SELECT sys_code, tick_at FROM piculus.solutions
      WHERE deleted_at IS NULL AND NOT tick_done AND tick_at IS NOT NULL)
    ${all}`.execute(db);
  return found.rows;
}

/** Seconds since then, never negative; 0 where there is nothing. */
const since = (time: RawBuilder<unknown>, now: Date): RawBuilder<unknown> =>
  sql`coalesce(greatest(extract(epoch FROM ${now}::timestamptz - ${time}), 0), 0)::float8`;

const PROBLEMS = sql`
  SELECT 'piculus_problems' AS name, ARRAY[sys_code, state] AS labels, sum(problems)::float8 AS value
  FROM piculus.problem_counts GROUP BY sys_code, state`;

const clicks = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT each.name, ARRAY[each.sys_code], each.value FROM (
    SELECT s.sys_code, c.waiting, c.oldest FROM piculus.systems s LEFT JOIN clicks c USING (sys_code)) AS of
  CROSS JOIN LATERAL (VALUES
    ('piculus_clicks_waiting', of.sys_code, coalesce(of.waiting, 0)::float8),
    ('piculus_oldest_click_seconds', of.sys_code, ${since(sql`of.oldest`, now)})) AS each(name, sys_code, value)`;

const leases = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT each.name, ARRAY[of.sys_code], each.value FROM (
    SELECT s.sys_code, count(l.leased_at) AS open, coalesce(sum(l.executing), 0) AS executing,
      min(l.leased_at) AS oldest, min(l.expires_at) AS first_end
    FROM piculus.systems s LEFT JOIN open_leases l USING (sys_code) GROUP BY s.sys_code) AS of
  CROSS JOIN LATERAL (VALUES
    ('piculus_leases_open', of.open::float8),
    ('piculus_problems_executing', of.executing::float8),
    ('piculus_oldest_lease_seconds', ${since(sql`of.oldest`, now)}),
    ('piculus_lease_overdue_seconds', ${since(sql`of.first_end`, now)})) AS each(name, value)`;

const collects = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT each.name, ARRAY[of.sys_code, of.state], each.value FROM (
    SELECT s.sys_code, words.state, count(c.created_at) AS open, min(c.created_at) AS oldest
    FROM piculus.systems s CROSS JOIN (VALUES ('waiting'), ('running')) AS words(state)
    LEFT JOIN open_collects c ON c.sys_code = s.sys_code AND c.state = words.state
    GROUP BY s.sys_code, words.state) AS of
  CROSS JOIN LATERAL (VALUES
    ('piculus_collect_commands', of.open::float8),
    ('piculus_oldest_collect_seconds', ${since(sql`of.oldest`, now)})) AS each(name, value)`;

const ticks = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT each.name, ARRAY[of.sys_code], each.value FROM (
    SELECT s.sys_code, count(t.tick_at) AS open, min(t.tick_at) AS oldest
    FROM piculus.systems s LEFT JOIN open_ticks t USING (sys_code) GROUP BY s.sys_code) AS of
  CROSS JOIN LATERAL (VALUES
    ('piculus_ticks_open', of.open::float8),
    ('piculus_oldest_tick_seconds', ${since(sql`of.oldest`, now)})) AS each(name, value)`;

const clients = ({ freshSince }: StateTimes): RawBuilder<unknown> => sql`
  SELECT 'piculus_clients', ARRAY[s.sys_code], count(c.client_id)::float8
  FROM piculus.systems s LEFT JOIN piculus.clients c ON c.sys_code = s.sys_code AND c.disconnected_at IS NULL
    AND greatest(c.connected_at, c.last_heartbeat_at) > ${freshSince}::timestamptz
  GROUP BY s.sys_code`;

const people = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT 'piculus_bulk_runs_open', '{}'::text[], count(*)::float8 FROM piculus.bulk_runs WHERE finished_at IS NULL
  UNION ALL
  SELECT each.name, '{}'::text[], each.value FROM (
    SELECT count(*) AS open, min(requested_at) AS oldest FROM piculus.approvals WHERE state = 'open') AS of
  CROSS JOIN LATERAL (VALUES
    ('piculus_approvals_open', of.open::float8),
    ('piculus_oldest_approval_seconds', ${since(sql`of.oldest`, now)})) AS each(name, value)`;

const HALTS = sql`
  SELECT 'piculus_halts_open', ARRAY[words.kind], count(h.id)::float8
  FROM (VALUES ('switch'), ('breaker'), ('limit')) AS words(kind)
  LEFT JOIN piculus.halts h ON h.kind = words.kind AND h.ended_at IS NULL GROUP BY words.kind`;

const NODES = sql`
  SELECT 'piculus_nodes', ARRAY[words.state], count(n.node_id)::float8
  FROM (VALUES ('working'), ('draining'), ('gone')) AS words(state)
  LEFT JOIN piculus.nodes n ON n.state = words.state GROUP BY words.state`;

const audit = ({ now }: StateTimes): RawBuilder<unknown> => sql`
  SELECT 'piculus_audit_rows_unchained', ARRAY[of.source],
    greatest(of.highest - coalesce(
      (SELECT max(r.up_to_id) FROM piculus.audit_block_rows r WHERE r.source = of.source), 0), 0)::float8
  FROM (VALUES
    ('audit', coalesce((SELECT max(id) FROM piculus.audit), 0)),
    ('reports', coalesce((SELECT max(id) FROM piculus.reports), 0)),
    ('executions', coalesce((SELECT max(id) FROM piculus.executions), 0))) AS of(source, highest)
  UNION ALL
  SELECT 'piculus_audit_checkpoint_age_seconds', '{}'::text[],
    ${since(sql`(SELECT signed_at FROM piculus.audit_checkpoints ORDER BY block DESC LIMIT 1)`, now)}`;
