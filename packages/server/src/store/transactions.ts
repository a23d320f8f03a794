/**
 * Transactions whose statements may be under way together. The query builder's own hand a statement over only when the
 * one before it was answered, and wait for `begin`; here, whoever awaits several at once has them sent at once, and the
 * database does one after the other, each seeing what was committed when it began.
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  DummyDriver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  Transaction,
} from 'kysely';
import { sqlState } from './availability.ts';
import type { Database, Tx } from './database.ts';
import type { Tables } from './tables.ts';

/** For the query builder's own uses of a dialect, none of which a transaction needs. */
const DIALECT: Dialect = {
  createDriver: () => new DummyDriver(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (db) => new PostgresIntrospector(db),
};

/** SQLSTATE of every statement that was sent after one that failed. */
const COMES_BEHIND_A_FAILURE = '25P02';

interface Use {
  ended: boolean;
  /** Of its first statement that failed. */
  failure?: unknown;
}

/** Runs `work` in a transaction that is committed once its promise is fulfilled, and rolled back otherwise. */
export function inTransaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.getExecutor().provideConnection(async (connection) => {
    const use: Use = { ended: false };
    const control = (words: string): Promise<unknown> => connection.executeQuery(CompiledQuery.raw(words));
    // Not waited for: where it cannot begin, the connection is gone, and every statement after it fails as well.
    const begun = control('begin');
    const hasBegun = begun.then(
      () => true,
      () => false,
    );
    try {
      const result = await work(transactionOn(db, connection, use));
      await begun;
      // Alone, after every answer: a commit that is sent behind a statement that fails would only roll back, and say so
      // by no error.
      await control('commit');
      return result;
    } catch (error) {
      if (await hasBegun) await control('rollback');
      // Whichever of them was awaited more closely: what is told is what went wrong, not what came behind it.
      throw sqlState(error) === COMES_BEHIND_A_FAILURE ? (use.failure ?? error) : error;
    } finally {
      use.ended = true;
    }
  });
}

function transactionOn(db: Database, connection: DatabaseConnection, use: Use): Tx {
  const watched: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery) => {
      try {
        return await connection.executeQuery<R>(query);
      } catch (error) {
        use.failure ??= error;
        throw error;
      }
    },
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
  };
  const executor = db.getExecutor().withConnectionProvider({
    provideConnection: async (consumer) => {
      if (use.ended) throw new TypeError('a statement was sent after the end of its transaction');
      return consumer(watched);
    },
  });
  return new Transaction<Tables>({
    config: { dialect: DIALECT },
    dialect: DIALECT,
    driver: new DummyDriver(),
    executor,
  });
}
