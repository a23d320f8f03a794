/** The thread that a database lives in, so that a long query never stops the process that started it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { openFrontDoor } from './front-door.ts';
import { readTemplate } from './template.ts';

/** What the starter gives the thread. */
export interface WorkerInput {
  /** Null for a database in memory. */
  readonly dataDir: string | null;
  /** For one in memory: the tar that it begins from; null for an empty database. */
  readonly template: string | null;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly idleInTransactionMs: number;
}
/** What the thread says to its starter. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'failed'; readonly reason: string; readonly code: string | null }
  | { readonly type: 'stopped' };

async function openDatabase({ dataDir, template }: WorkerInput): Promise<PGlite> {
  if (dataDir === null) {
    return create(undefined, template === null ? readTemplate() : new Blob([readFileSync(template)]));
  }
  const files = join(dataDir, 'postgres');
  const complete = join(dataDir, 'complete');
  if (existsSync(complete)) return create(files, null);
  // A first start that was cut short never said that it was ready, so that nothing of value is in there.
  rmSync(files, { recursive: true, force: true });
  const database = await create(files, readTemplate());
  writeFileSync(complete, 'The first start of this database went through.\n');
  return database;
}

function create(dataDir: string | undefined, template: Blob | null): Promise<PGlite> {
  return PGlite.create({
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(template === null ? {} : { loadDataDir: template }),
  });
}

async function run(input: WorkerInput, say: (message: WorkerMessage) => void): Promise<void> {
  const database = await openDatabase(input);
  const version = await database.query<{ server_version: string }>('SHOW server_version');
  const door = await openFrontDoor({
    engine: database,
    serverVersion: version.rows[0]?.server_version ?? '',
    host: input.host,
    port: input.port,
    password: input.password,
    idleInTransactionMs: input.idleInTransactionMs,
    onBroken: (error) =>
      say({ type: 'failed', reason: `the embedded database broke: ${error.message}`, code: null }),
  });
  parentPort?.once('message', () => {
    door
      .close()
      .then(() => database.close())
      .finally(() => say({ type: 'stopped' }));
  });
  say({ type: 'ready', port: door.port });
}

if (parentPort !== null) {
  const port = parentPort;
  const say = (message: WorkerMessage): void => port.postMessage(message);
  run(workerData as WorkerInput, say).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    say({ type: 'failed', reason: error instanceof Error ? error.message : String(error), code });
  });
}
