/**
 * One embedded database as a process of its own:
 * `node process.js --data-dir DIR [--port N] [--host H] [--temporary] [--with-parent]`.
 * Prints one JSON line when it is ready. Ends on SIGTERM or SIGINT, and with --with-parent also when its
 * standard input closes, which is how the death of its parent shows.
 */
import { parseArgs } from 'node:util';
import { startEmbeddedDatabase } from './start.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      temporary: { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
    },
  });
  const database = await startEmbeddedDatabase({
    ...(values['data-dir'] === undefined ? {} : { dataDir: values['data-dir'] }),
    temporary: values.temporary,
    port: Number(values.port),
    host: values.host,
  });
  const stop = (code: number): void => {
    void database.stop().finally(() => process.exit(code));
  };
  process.once('SIGTERM', () => stop(0));
  process.once('SIGINT', () => stop(0));
  if (values['with-parent']) {
    process.stdin.resume();
    process.stdin.once('end', () => stop(0));
    process.stdin.once('error', () => stop(0));
  }
  database.broken.then((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  process.stdout.write(`${JSON.stringify({ ready: true, url: database.url })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
