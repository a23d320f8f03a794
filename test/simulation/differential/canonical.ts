/** One spelling for what a store answers, so that answers of different engines can be compared and printed. */
import { PiculusError } from '@piculus/protocol';

/** Dates, bytes, big numbers, maps and sets become plain values; keys of objects are in order. */
export function canonical(value: unknown): unknown {
  if (value === undefined) return null;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(canonical);
  if (value instanceof Map) return sorted([...value].map(canonical));
  if (value instanceof Set) return sorted([...value].map(canonical));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  );
}

/** In an order of its own, for answers whose order nobody promises. */
export function unordered(value: unknown): unknown {
  return Array.isArray(value) ? sorted(value) : value;
}

function sorted(values: readonly unknown[]): unknown[] {
  return [...values].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A refusal by what callers tell it by: our code, the database's SQLSTATE, or the kind of error. */
export function refusal(error: unknown): { readonly refused: string } {
  if (error instanceof PiculusError) return { refused: error.code };
  if (!(error instanceof Error)) return { refused: 'not an error' };
  const state = 'code' in error ? error.code : undefined;
  return { refused: typeof state === 'string' ? state : error.name };
}
