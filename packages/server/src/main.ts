/** The process entry: `node dist/main.js`, configured by the environment. */
import { runServer } from './run.ts';

const write = (stream: NodeJS.WriteStream) => (line: string) => {
  stream.write(`${line}\n`);
};

process.exitCode = await runServer({ stdout: write(process.stdout), stderr: write(process.stderr) });
// A timer that somebody left behind must not keep a stopped server alive.
process.exit();
