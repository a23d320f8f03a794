/** `npm start`: makes the checkout ready, then runs the demo with the arguments it was given. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './lib.mjs';
import { setup } from './setup.mjs';

if (await setup()) {
  const demo = join(ROOT, 'examples', 'pbap', 'dist', 'main.js');
  const child = spawn(process.execPath, [demo, ...process.argv.slice(2)], {
    // The channel carries nothing: when it closes, the demo knows that this process is gone, however it ended.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd() },
  });
  // Ctrl-C reaches the demo from the terminal as well; hearing it here keeps this process until it has ended.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('close', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
} else {
  process.exitCode = 1;
}
