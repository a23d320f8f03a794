/** The embedded database of a server that was given no other. */
import { join, resolve } from 'node:path';
import type { EmbeddedDatabase } from '@piculus/embedded-database';
import type { ServerConfig } from './config.ts';
import { StartError } from './start-error.ts';

export function ownDatabaseDir(config: Pick<ServerConfig, 'dataDir'>): string {
  return join(resolve(config.dataDir), 'database');
}

/** @throws StartError where another process has it open. */
export async function openOwnDatabase(config: Pick<ServerConfig, 'dataDir'>): Promise<EmbeddedDatabase> {
  // Whoever has a PostgreSQL starts without reading the embedded one.
  const { DirectoryInUseError, startEmbeddedDatabase } = await import('@piculus/embedded-database');
  try {
    return await startEmbeddedDatabase({ dataDir: ownDatabaseDir(config) });
  } catch (error) {
    throw error instanceof DirectoryInUseError ? new StartError('database-in-use', error.message) : error;
  }
}
