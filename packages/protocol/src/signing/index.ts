/** Signing and checking commands. Needs node:crypto, so it is not part of the main entry, which browsers load too. */
export * from './canonical.ts';
export * from './commands.ts';
export * from './evidence.ts';
export * from './keys.ts';
