/** The simulated database as the world and the tests use it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import { Catalog } from './catalog.ts';
import { asRecord, type Beginning, type Change, EngineState } from './engine.ts';
import { type Faults, SimulatedPool, type StoreLane, type Timeouts } from './pool.ts';
import { toText, type Value } from './values.ts';

export { NotSupported } from './tokens.ts';
export type { Change } from './engine.ts';
export type { Fault, Faults, StoreLane, Timeouts } from './pool.ts';

export interface Migration {
  readonly name: string;
  readonly text: string;
}
export interface EngineOptions {
  /** By default those of the repository. */
  readonly migrations?: readonly Migration[];
  /** Statements after the migrations, for instance to drop a constraint. */
  readonly ddl?: readonly string[];
  /** Milliseconds since 1970, for `now()`. */
  readonly now: () => number;
  /** A timer; without one nothing times out. @returns stops it. */
  readonly after?: (ms: number, act: () => void) => () => void;
}
export interface Store<DB> {
  readonly db: Kysely<DB>;
  readonly pool: PostgresPool;
  /** The process dies: its transactions are rolled back, and nothing of it ever goes on. */
  kill(): void;
}
const FOLDER = new URL('../../../../packages/server/migrations/', import.meta.url);

export function readMigrations(folder: URL = FOLDER): Migration[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name));
  return names.sort().map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));
}

interface Installed {
  readonly catalog: Catalog;
  readonly beginning: Beginning;
}
/** Installing takes longer than a whole simulated minute, so it is done once for the same migrations. */
const INSTALLED = new Map<string, Installed>();

let ours: readonly Migration[] | null = null;
function ownMigrations(): readonly Migration[] {
  ours ??= readMigrations();
  return ours;
}

function installed({ migrations = ownMigrations(), ddl = [], now }: EngineOptions): Installed {
  const text = migrations === ours ? ['ours'] : migrations.map((migration) => migration.text);
  const key = [...text, ...ddl].join('\u0000');
  let made = INSTALLED.get(key);
  if (made === undefined) {
    const catalog = new Catalog();
    const state = new EngineState(catalog, now);
    for (const { text } of migrations) state.execute(text);
    for (const sql of ddl) state.execute(sql);
    made = { catalog, beginning: state.beginning() };
    INSTALLED.set(key, made);
  }
  return made;
}

export class Engine {
  readonly #state: EngineState;
  readonly #after: EngineOptions['after'];
  readonly #pools = new Set<SimulatedPool>();
  #rewrite: ((sql: string) => string) | null = null;
  #isAway = false;
  faults: Faults = {};
  timeouts: Timeouts = { lockMs: 0, idleMs: 0 };

  constructor(options: EngineOptions) {
    const { catalog, beginning } = installed(options);
    this.#state = new EngineState(catalog, options.now);
    this.#state.beginWith(beginning);
    this.#after = options.after;
  }

  /** One process's connections. */
  connect<DB>(lane: StoreLane, { connections = 6 }: { readonly connections?: number } = {}): Store<DB> {
    const pool = new SimulatedPool({
      state: this.#state,
      lane,
      connections,
      faults: () => this.faults,
      timeouts: () => this.timeouts,
      isAway: () => this.#isAway,
      rewrite: (sql) => this.#rewrite?.(sql) ?? sql,
      ...(this.#after === undefined ? {} : { after: this.#after }),
    });
    this.#pools.add(pool);
    const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }).withSchema('piculus');
    return {
      db,
      pool,
      kill: () => {
        pool.kill();
        this.#pools.delete(pool);
      },
    };
  }

  /** Nobody reaches it; what was not committed is rolled back. */
  set away(isAway: boolean) {
    this.#isAway = isAway;
    if (isAway) for (const pool of this.#pools) pool.breakAll();
  }
  get away(): boolean {
    return this.#isAway;
  }

  /** Told of each commit, within it. */
  set onCommit(listener: ((changes: readonly Change[]) => void) | null) {
    this.#state.onCommit = listener;
  }

  /** Changes statements before they run, as a mistake in the code would. Null ends it. */
  mutate(rewrite: ((sql: string) => string) | null): void {
    this.#rewrite = rewrite;
  }

  /** Runs statements at once, outside of every process. Definitions concern all databases of the same migrations. */
  exec(sql: string, parameters: readonly unknown[] = []): Record<string, unknown>[] {
    return this.#state.execute(sql, parameters);
  }

  /** What is committed, as the driver would hand it out. */
  rows(table: string): Record<string, unknown>[] {
    const plan = this.#state.catalog.table(table);
    return this.#state.committed(plan).map((values) => asRecord(plan, values) ?? {});
  }

  /** The last value of every sequence. How many of them a statement uses up that fails, no database promises. */
  sequences(): ReadonlyMap<string, bigint> {
    return this.#state.sequences();
  }
  setSequences(given: ReadonlyMap<string, bigint>): void {
    this.#state.setSequences(given);
  }

  tables(): string[] {
    return [...this.#state.catalog.tables.keys()].sort();
  }

  sessions(): ReturnType<EngineState['transactions']> {
    return this.#state.transactions();
  }

  /** All that is committed, table by table, each row as text, in one order. */
  dump(): Record<string, string[]> {
    const dumped: Record<string, string[]> = {};
    for (const name of this.tables()) {
      const plan = this.#state.catalog.table(name);
      const text = (value: Value, type: string): string => (value === null ? 'NULL' : toText(value, type));
      const rows = this.#state
        .committed(plan)
        .map((values) =>
          plan.columns
            .map(({ name: column, type }, place) => `${column}=${text(values[place] ?? null, type)}`)
            .join(' '),
        );
      if (rows.length > 0) dumped[name] = rows.sort();
    }
    return dumped;
  }

  hash(): string {
    return createHash('sha256').update(JSON.stringify(this.dump())).digest('hex');
  }
}

export const openEngine = (options: EngineOptions): Engine => new Engine(options);
