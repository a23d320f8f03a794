/** What every process of the demo does the same: say that it is ready, and stop when it is told to. */

export interface Running {
  stop(): Promise<void>;
}

/**
 * Prints one JSON line when ready and drains on SIGTERM, SIGINT, a lost parent (IPC channel) or, where
 * `stopOnStdinEnd` is set, the end of stdin, so that no process outlives the one that started it.
 */
export function runUntilToldToStop(
  host: NodeJS.Process,
  ready: Readonly<Record<string, unknown>>,
  running: Running,
  stopOnStdinEnd: boolean,
): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    running.stop().then(
      () => host.exit(0),
      () => host.exit(1),
    );
  };
  host.once('SIGTERM', stop);
  host.once('SIGINT', stop);
  host.once('disconnect', stop);
  if (stopOnStdinEnd) {
    host.stdin.once('end', stop);
    host.stdin.resume();
  }
  host.stdout.write(`${JSON.stringify({ ready: true, ...ready })}\n`);
}
