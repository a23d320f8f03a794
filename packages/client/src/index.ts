export { type Clock, systemClock } from './clock.ts';
export * from './fix.ts';
export * from './journal/journal.ts';
export {
  type PostgresJournal,
  type PostgresJournalOptions,
  postgresJournal,
  type Queryable,
} from './journal/postgres.ts';
export type { Logger } from './logger.ts';
