/** Starts one embedded database: the directory's lock, the thread, and the address to connect to. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lockDirectory } from './lock.ts';
import type { WorkerInput, WorkerMessage } from './worker.ts';

export interface EmbeddedDatabaseOptions {
  /** Directory of the database, made where it is missing. Not needed for a temporary one. */
  readonly dataDir?: string;
  /** In memory, and gone with its process. */
  readonly temporary?: boolean;
  /** Path of a tar of another database's files, which a temporary one begins as a copy of. */
  readonly template?: string;
  /** TCP port; 0 (default) for any free one. */
  readonly port?: number;
  /** Address to listen on, loopback by default. */
  readonly host?: string;
  /** Default: a random one, which is in the url. */
  readonly password?: string;
  /** A connection that idles inside a transaction is cut after this time, because everybody waits for it. */
  readonly idleInTransactionMs?: number;
}

export interface EmbeddedDatabase {
  /** `postgres://…`, with the password. */
  readonly url: string;
  /** Resolves with the reason when the database broke by itself; never otherwise. */
  readonly broken: Promise<Error>;
  /** Cuts the connections, closes the database and gives the directory back. May be called again. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL for evaluation and development, with nothing to install. It survives a killed process, but it
 * does not flush to disk: a power failure may lose the last seconds.
 * @throws DirectoryInUseError where another process has the directory open.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  if (options.temporary !== true && options.dataDir === undefined) {
    throw new TypeError('an embedded database needs a dataDir, or temporary: true');
  }
  const dataDir =
    options.temporary === true || options.dataDir === undefined ? null : resolve(options.dataDir);
  const unlock = dataDir === null ? (): void => {} : lockDirectory(dataDir);
  const password = options.password ?? randomBytes(18).toString('base64url');
  const host = options.host ?? '127.0.0.1';
  const input: WorkerInput = {
    dataDir,
    template: dataDir === null ? (options.template ?? null) : null,
    host,
    port: options.port ?? 0,
    password,
    idleInTransactionMs: options.idleInTransactionMs ?? 60_000,
  };
  try {
    const thread = await startThread(input);
    const address = `${host.includes(':') ? `[${host}]` : host}:${thread.port}`;
    let stopping: Promise<void> | null = null;
    return {
      url: `postgres://postgres:${encodeURIComponent(password)}@${address}/postgres`,
      broken: thread.broken,
      stop() {
        stopping ??= thread.stop().finally(unlock);
        return stopping;
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

interface Thread {
  readonly port: number;
  readonly broken: Promise<Error>;
  stop(): Promise<void>;
}

/** Node 20 runs no TypeScript, so that the thread is always the built one, even where tests run on sources. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../dist/worker.js' : './worker.js';
  return new URL(built, import.meta.url);
}

function startThread(input: WorkerInput): Promise<Thread> {
  const worker = new Worker(workerUrl(), { workerData: input, execArgv: [] });
  return new Promise((resolveThread, reject) => {
    let breakNow: (error: Error) => void = () => {};
    const broken = new Promise<Error>((resolveBroken) => {
      breakNow = resolveBroken;
    });
    let stopped: () => void = () => {};
    let asked = false;
    const stop = async (): Promise<void> => {
      asked = true;
      const done = new Promise<void>((resolveDone) => {
        stopped = resolveDone;
      });
      worker.postMessage('stop');
      await done;
      await worker.terminate();
    };
    const fail = (error: Error): void => {
      breakNow(error);
      reject(error);
      stopped();
      void worker.terminate();
    };
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready') resolveThread({ port: message.port, broken, stop });
      else if (message.type === 'stopped') stopped();
      else
        fail(Object.assign(new Error(message.reason), message.code === null ? {} : { code: message.code }));
    });
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      if (!asked) fail(new Error('the thread of the embedded database ended'));
      else stopped();
    });
  });
}
