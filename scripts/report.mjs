/** `npm run report -- <what>`: figures about the product, measured on this machine. */
import { say } from './lib.mjs';

const REPORTS = { console: () => import('./console-report.mjs') };

const [what, ...args] = process.argv.slice(2);
const load = Object.hasOwn(REPORTS, what ?? '') ? REPORTS[what] : undefined;
if (load === undefined) {
  say(`npm run report -- <what>, where <what> is one of: ${Object.keys(REPORTS).join(', ')}`);
  process.exitCode = 2;
} else {
  const { report } = await load();
  process.exitCode = await report(args);
}
