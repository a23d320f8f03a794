/**
 * Loaded before the program of a child: ends it when its parent is gone, however the parent died. The parent
 * holds the other end of stdin; when that closes, the child stops as if it had been told to.
 */
const LONGEST_STOP_MS = 15_000;

process.stdin.on('error', () => {});
process.stdin.once('end', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
});
process.stdin.resume();
// Watching for the parent must not keep a program alive that has nothing more to do.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
