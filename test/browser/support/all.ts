/** What the commands in `scripts/` take from here, in one module. */
export { openConsole } from './open-console.ts';
export { PAGES } from './pages.ts';
export { seedEverything } from './seed.ts';
export { PHONE, readyMain, WIDE } from './site.ts';
