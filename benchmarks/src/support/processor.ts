/** What a process has used of the processor: unlike time on the clock, other work on the machine hardly changes it. */
import { readFile } from 'node:fs/promises';

/** Ticks of the kernel in a second, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** @returns seconds in user and kernel mode since the start of the process, or null where the system does not tell. */
export async function processorSeconds(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in brackets, may hold anything; the fields behind it are numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, kernel] = [fields[11], fields[12]].map(Number);
  if (user === undefined || kernel === undefined || Number.isNaN(user + kernel)) return null;
  return (user + kernel) / TICKS_PER_SECOND;
}
