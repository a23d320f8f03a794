/** Loaded before the program of a process: tells the benchmark how much memory the process takes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 50;

const tell = (collected: boolean): void => {
  if (!process.connected) return;
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heapUsed, external, collected });
};

/** Looking takes a program's processor time too, so it begins when somebody wants to know. */
let looking: NodeJS.Timeout | null = null;

// Asked for what is really in use, it collects the garbage first. Not by a flag of the process: the program
// under observation runs as it always does.
process.on('message', (message) => {
  if (message === 'look') looking ??= setInterval(() => tell(false), EVERY_MS).unref();
  if (message !== 'collect-garbage') return;
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  tell(true);
});
// Listening to the benchmark must not keep a program alive that has nothing more to do.
process.channel?.unref();
