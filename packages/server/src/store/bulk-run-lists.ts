/** Bulk runs as pages show them; the counts are kept, so none of these looks at all items of a run. */
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor } from './database.ts';
import { within } from './scope.ts';

export interface BulkRunRow {
  readonly id: string;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly reason: string | null;
  readonly scope: 'ids' | 'filter';
  readonly filter: Record<string, unknown> | null;
  readonly problems: number;
  readonly amounts: { currency: string; amountMinor: string }[];
  readonly results: Record<string, number>;
  readonly finishedAt: Date | null;
}

const RUN = sql`
  b.id, b.requested_by AS "requestedBy", b.requested_at AS "requestedAt", b.reason, b.scope, b.filter,
  b.finished_at AS "finishedAt"`;

const KEPT = sql`b.problems, b.amounts, coalesce((
    SELECT jsonb_object_agg(c.result, c.problems) FROM piculus.bulk_run_results c
    WHERE c.bulk_run_id = b.id AND c.problems > 0), '{}') AS results`;

/** The kept figures are of all systems, so what somebody sees of a run that is not all theirs is added up anew. */
function columns(scope: Scope): RawBuilder<unknown> {
  if (scope === 'all') return sql`${RUN}, ${KEPT}`;
  const items = sql`piculus.bulk_run_items i WHERE i.bulk_run_id = b.id AND ${within(sql`i.sys_code`, scope)}`;
  return sql`${RUN}, (SELECT count(*)::integer FROM ${items}) AS problems, coalesce((
      SELECT jsonb_agg(jsonb_build_object('currency', a.currency, 'amountMinor', a.amount::text) ORDER BY a.currency)
      FROM (SELECT i.currency, sum(i.amount_minor) AS amount FROM ${items} GROUP BY i.currency) AS a), '[]') AS amounts,
    coalesce((
      SELECT jsonb_object_agg(r.result, r.problems)
      FROM (SELECT i.result, count(*)::integer AS problems FROM ${items} GROUP BY i.result) AS r), '{}') AS results`;
}

/** Runs with an item of the scope; one's own run in which nothing was found is of no system at all. */
function visible({ actor, scope }: Viewer): RawBuilder<unknown> {
  if (scope === 'all') return sql`true`;
  return sql`(EXISTS (SELECT FROM piculus.bulk_run_items i
      WHERE i.bulk_run_id = b.id AND ${within(sql`i.sys_code`, scope)})
    OR (b.requested_by = ${actor} AND b.problems = 0))`;
}

export interface Viewer {
  readonly actor: string;
  readonly scope: Scope;
}

/** Newest first, below the id `before` where one is given. */
export async function listBulkRuns(
  db: Executor,
  viewer: Viewer,
  page: { requestedBy: string | undefined; before: string | null; limit: number },
): Promise<BulkRunRow[]> {
  const conditions: RawBuilder<unknown>[] = [visible(viewer)];
  if (page.requestedBy !== undefined) conditions.push(sql`b.requested_by = ${page.requestedBy}`);
  if (page.before !== null) conditions.push(sql`b.id < ${page.before}::bigint`);
  const found = await sql<BulkRunRow>`
    SELECT ${columns(viewer.scope)} FROM piculus.bulk_runs b WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY b.id DESC LIMIT ${page.limit}`.execute(db);
  return found.rows;
}

export async function bulkRunById(db: Executor, viewer: Viewer, id: string): Promise<BulkRunRow | null> {
  const found = await sql<BulkRunRow>`
    SELECT ${columns(viewer.scope)} FROM piculus.bulk_runs b
    WHERE b.id = ${id}::bigint AND ${visible(viewer)}`.execute(db);
  return found.rows[0] ?? null;
}

export interface BulkRunItemRow {
  /** Of the problem. */
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly businessKey: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly result: string;
  readonly code: string | null;
  readonly note: string | null;
}

/** The newest problems first, below the problem `before` where one is given. */
export async function listBulkRunItems(
  db: Executor,
  scope: Scope,
  page: { bulkRunId: string; results: readonly string[] | undefined; before: string | null; limit: number },
): Promise<BulkRunItemRow[]> {
  const columns = sql`i.problem_id AS id, i.sys_code AS "sysCode", i.fix_code AS "fixCode",
    i.business_key AS "businessKey", i.amount_minor AS "amountMinor", i.currency, i.result, i.code, i.note`;
  const below = page.before === null ? sql`` : sql`AND i.problem_id < ${page.before}::bigint`;
  const rows = (result: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    SELECT ${columns} FROM piculus.bulk_run_items i
    WHERE i.bulk_run_id = ${page.bulkRunId}::bigint AND ${within(sql`i.sys_code`, scope)} ${result} ${below}
    ORDER BY i.problem_id DESC LIMIT ${page.limit}`;
  // Each result by itself walks its own index: a few refused ones among many are found without reading the rest.
  const wanted =
    page.results === undefined
      ? rows(sql``)
      : sql`SELECT of_one.* FROM unnest(${[...page.results]}::text[]) AS asked(result)
        CROSS JOIN LATERAL (${rows(sql`AND i.result = asked.result`)}) AS of_one
        ORDER BY of_one.id DESC LIMIT ${page.limit}`;
  const found = await sql<BulkRunItemRow>`${wanted}`.execute(db);
  return found.rows;
}
