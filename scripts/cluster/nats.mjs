/** The nats-server of the cluster, set up by the command that writes what a nats-server for Piculus needs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, say } from '../lib.mjs';
import { natsForTests } from '../nats.mjs';
import { isAlive } from './places.mjs';
import { PICULUS, startProgram } from './programs.mjs';

/** Those of the example. */
const SYSTEMS = ['PBAP', 'PBMS'];

/**
 * @param {{ folder: string, logs: string, port: number }} options
 * @returns `{ url, folder, serverKeyFile, stop(), ended }`, or null after saying why not.
 */
export async function startNats({ folder: parent, logs, port }) {
  const program = await natsForTests();
  if (program === null) return null;
  const folder = join(parent, 'nats');
  const pidFile = join(folder, 'nats-server.pid');
  const listen = `127.0.0.1:${port}`;
  const config = ['nats', 'config', '--systems', SYSTEMS.join(), '--folder', folder, '--listen', listen];
  const written = await capture(process.execPath, [PICULUS, ...config]);
  if (written.code !== 0) {
    say(`the configuration of nats-server could not be written: ${written.output}`);
    return null;
  }
  await endLeftBehind(pidFile);
  let stopping = false;
  const isReady = new Promise((tell) => {
    const args = ['-c', join(folder, 'nats-server.conf'), '-P', pidFile];
    const onLine = (line) => {
      if (line.includes('Server is ready')) tell(running);
    };
    const running = startProgram({ name: 'nats-server', logs, command: program, args, ipc: false, onLine });
    process.once('exit', () => running.child.kill('SIGKILL'));
    running.ended.then((how) => {
      if (!stopping) say(`nats-server ${how}; its log is in ${logs}`);
      tell(null);
    });
  });
  const running = await isReady;
  if (running === null) return null;
  const stop = () => {
    stopping = true;
    return running.stop('SIGINT');
  };
  return {
    url: `nats://${listen}`,
    folder,
    serverKeyFile: join(folder, 'server.nkey'),
    stop,
    ended: running.ended,
  };
}

/** Of a cluster that was killed: it would keep the port. */
async function endLeftBehind(pidFile) {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').trim()) : 0;
  if (!(pid > 0) || !isAlive(pid)) return;
  // The number may be another program's by now.
  const name = await capture('ps', ['-p', String(pid), '-o', 'comm=']);
  if (name.output.trim() !== 'nats-server') return;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await new Promise((again) => setTimeout(again, 20));
}
