/** From the address to what the server is asked for. Pure. */
import { CLIENT_MESSAGES, SERVER_MESSAGES } from '@piculus/protocol';
import { type RouteQuery, ROUTES } from '@piculus/protocol/http';
import type { FilterValues } from '../../parts/filters.ts';

export type MessageQuery = Partial<RouteQuery<'listMessages'>>;

/** What clients and servers say, and what the server writes where it could not read a frame. */
export const MESSAGE_TYPES: readonly string[] = [
  ...new Set([...Object.keys(CLIENT_MESSAGES), ...Object.keys(SERVER_MESSAGES), 'unreadable']),
];
const WITHOUT_HEARTBEATS = MESSAGE_TYPES.filter((type) => type !== 'heartbeat');

export interface ListOptions {
  readonly after: string | undefined;
  /** Where no type is chosen: heartbeats too. */
  readonly heartbeats: boolean;
}

/** @returns the query, or the name of the first filter whose value the server would refuse. */
export function messageQuery(
  values: FilterValues,
  { after, heartbeats }: ListOptions,
): { readonly query: MessageQuery } | { readonly wrong: string } {
  const parsed = ROUTES.listMessages.query.safeParse({ ...values, after });
  if (!parsed.success) return { wrong: String(parsed.error.issues[0]?.path[0] ?? '') };
  const query: MessageQuery = parsed.data;
  if (query.type !== undefined || heartbeats) return { query };
  return { query: { ...query, type: [...WITHOUT_HEARTBEATS] } };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface FiguresQuery {
  readonly query: Partial<RouteQuery<'getMessageStats'>>;
  /** True where charts show less than the list: they take a day at most. */
  readonly cut: boolean;
}

/** @param now in milliseconds since 1970. */
export function figuresQuery({ sysCode, from, to }: MessageQuery, now: number): FiguresQuery {
  const system = sysCode === undefined ? {} : { sysCode };
  if (from === undefined) return { query: { ...system, ...(to === undefined ? {} : { to }) }, cut: false };
  const end = to === undefined ? now : Date.parse(to);
  const cut = end - Date.parse(from) > DAY_MS;
  // Where the end is now, in whole hours, so that the same is asked for until the next hour.
  const earliest = to === undefined ? Math.ceil((now - DAY_MS) / HOUR_MS) * HOUR_MS : end - DAY_MS;
  return {
    query: {
      ...system,
      from: cut ? new Date(earliest).toISOString() : from,
      ...(to === undefined ? {} : { to }),
    },
    cut,
  };
}

/** How many of these came after the one with this id; ids grow. */
export function newerThan(id: string, ids: readonly string[]): number {
  return ids.filter((each) => BigInt(each) > BigInt(id)).length;
}
