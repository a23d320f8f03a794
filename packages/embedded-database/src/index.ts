export { DirectoryInUseError, isDirectoryInUse } from './lock.ts';
export {
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  startEmbeddedDatabase,
} from './start.ts';
export { makeTemplate } from './template.ts';
