/** The demo as a program: from the command line to the exit code. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDirectoryInUse } from '@piculus/embedded-database';
import { systemClock } from '../shared/clock.ts';
import { askYes } from './ask.ts';
import { Children, fromRoot } from './children.ts';
import { DemoError } from './demo-error.ts';
import { runOnce } from './once.ts';
import { type DemoOptions, HELP, readOptions } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import { toTable } from './result.ts';
import { setStage } from './stage.ts';
import { stay } from './stay.ts';

/** @returns the exit code: 0 right, 1 not right or not possible, 2 a command line that makes no sense. */
export async function demo(host: NodeJS.Process): Promise<number> {
  const progress = createProgress(host.stderr);
  try {
    // npm runs scripts in the folder of package.json; INIT_CWD is where the command was typed.
    const options = readOptions(host.argv.slice(2), host.env, host.env.INIT_CWD ?? host.cwd());
    if (options === 'help') {
      host.stdout.write(HELP);
      return 0;
    }
    return options.once ? await once(options, host, progress) : await staying(options, host, progress);
  } catch (error) {
    progress.end();
    if (!(error instanceof DemoError)) throw error;
    host.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

async function once(options: DemoOptions, host: NodeJS.Process, progress: Progress): Promise<number> {
  const startedAt = systemClock.now().getTime();
  const folder = await mkdtemp(join(tmpdir(), 'piculus-demo-'));
  const children = new Children(join(folder, 'logs'));
  const stopped = untilTold(host, children);
  const died = AbortSignal.any([children.died, stopped]);
  let keepLogs = true;
  try {
    const stage = await setStage({ options, children, progress, folder, temporary: true });
    try {
      const { result, wrong } = await runOnce(stage, options, progress, died, startedAt);
      const table = toTable(result);
      host[options.json ? 'stderr' : 'stdout'].write(`\n${table}\n`);
      for (const line of wrong) progress.say(`WRONG: ${line}`);
      if (options.json) host.stdout.write(`${JSON.stringify(result)}\n`);
      keepLogs = wrong.length > 0;
      return wrong.length === 0 ? 0 : 1;
    } finally {
      await stage.close();
    }
  } finally {
    await children.stop();
    if (keepLogs) progress.say(`the logs of the processes are in ${join(folder, 'logs')}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

async function staying(options: DemoOptions, host: NodeJS.Process, progress: Progress): Promise<number> {
  const folder = options.folder ?? fromRoot('.piculus/demo');
  if (options.fresh && !(await startOver(folder, options, host, progress))) return 1;
  const children = new Children(join(folder, 'logs'));
  const stopped = untilTold(host, children);
  try {
    const stage = await setStage({ options, children, progress, folder, temporary: false });
    try {
      await stay(stage, progress, children.died, stopped);
    } finally {
      progress.say('stopping');
      await stage.close();
    }
    return 0;
  } catch (error) {
    if (stopped.aborted) return 0;
    throw error;
  } finally {
    await children.stop();
  }
}

/** Deletes what the demo keeps in the checkout. Databases that the environment names are never touched. */
async function startOver(
  folder: string,
  options: DemoOptions,
  host: NodeJS.Process,
  progress: Progress,
): Promise<boolean> {
  const given = Object.values(options.databaseUrls).filter((url) => url !== null);
  if (given.length > 0) {
    throw new DemoError('--fresh does not empty a PostgreSQL; give the address of an empty database instead');
  }
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return true;
  const question = `Delete the demo's databases in ${folder} and start over?`;
  if (!options.yes && !(await askYes(question, host.stdin, host.stderr))) {
    progress.say('nothing was deleted');
    return false;
  }
  await refuseWhileRunning(folder);
  await rm(folder, { recursive: true, force: true });
  return true;
}

/** A running demo has its databases' locks; taking the files from under it would break it. */
async function refuseWhileRunning(folder: string): Promise<void> {
  const databases = join(folder, 'databases');
  if (!existsSync(databases)) return;
  for (const name of await readdir(databases)) {
    if (isDirectoryInUse(join(databases, name))) throw new DemoError('the demo is running; stop it first');
  }
}

/** Fires at Ctrl-C, SIGTERM, or a closed terminal; whatever is starting just then is stopped as well. */
function untilTold(host: NodeJS.Process, children: Children): AbortSignal {
  const told = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    host.on(signal, () => {
      told.abort(new DemoError('stopped'));
      void children.stop();
    });
  }
  return told.signal;
}
