export * from './fix.ts';
export * from './journal/journal.ts';
