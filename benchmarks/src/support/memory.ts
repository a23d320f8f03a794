/** How much memory a process takes. Sizes are bytes; a megabyte is a million of them. */
import { readFile, writeFile } from 'node:fs/promises';

/** What memory-probe.ts sends from inside of a process. */
export interface MemorySample {
  readonly rss: number;
  readonly heapUsed: number;
  /** Outside of the heap: buffers. */
  readonly external: number;
  /** Taken right after the garbage was collected. */
  readonly collected: boolean;
}

export function isMemorySample(value: unknown): value is MemorySample {
  if (typeof value !== 'object' || value === null) return false;
  const { rss, heapUsed, external, collected } = value as Partial<Record<keyof MemorySample, unknown>>;
  return (
    [rss, heapUsed, external].every((size) => typeof size === 'number') && typeof collected === 'boolean'
  );
}

/** Linux keeps the largest resident size by itself, so that no peak between two samples is missed. */
export async function forgetPeak(pid: number): Promise<boolean> {
  try {
    await writeFile(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

/** @returns the largest resident size since {@link forgetPeak}, or null where the system does not tell. */
export async function readPeak(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1_024;
}

export const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
