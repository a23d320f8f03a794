/** Starts the programs of a cluster: each in a group of its own, so that Ctrl-C reaches its command alone, which stops all in order. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../lib.mjs';

/** A node drains first; longer than that takes none. */
const STOP_MS_MAX = 30_000;

/**
 * @param {{ name: string, logs: string, command: string, args: readonly string[], env?: object, ipc?: boolean, onLine?: (line: string) => void }} program
 * @returns `{ child, ended, stop() }`; `ended` resolves with how it ended, in words.
 */
export function startProgram({ name, logs, command, args, env = {}, ipc = true, onLine }) {
  const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a', mode: 0o600 });
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    // Programs of Piculus end where this channel does, so that none outlives its command.
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
    detached: true,
  });
  const ended = new Promise((done) => {
    child.once('error', (error) => done(`cannot be started: ${error.message}`));
    child.once('close', (code, signal) =>
      done(signal === null ? `ended with ${code}` : `ended by ${signal}`),
    );
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      log.write(text);
      for (const line of text.split('\n')) if (line !== '') onLine?.(line);
    });
  }
  ended.then(() => log.end());
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(late);
  };
  return { child, ended, stop };
}

export const PICULUS = join(ROOT, 'packages', 'cli', 'bin', 'piculus.js');

/** Resolves with the first of Ctrl-C, SIGTERM and a terminal that is closed. */
export function toldToStop() {
  return new Promise((tell) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tell(signal));
  });
}
