/** Loaded before the program of a process: tells the benchmark how much memory the process takes. */
const EVERY_MS = 50;

setInterval(() => {
  if (!process.connected) return;
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heapUsed, external });
}, EVERY_MS).unref();
