/** What the groups of routes have in common: the shape of a route, pages, lists in a query. */
import { z } from 'zod';
import type { AccessPolicy } from '../../access.ts';
import { LIMITS } from '../../limits.ts';
import { rowIdSchema, sysCodeSchema } from '../../messages/parts.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Status and body of the success answer. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response: z.ZodType;
  /** Who may call it. */
  readonly access: AccessPolicy;
}
export const route = <const R extends Route>(definition: R): R => definition;

export const idParams = z.object({ id: rowIdSchema });
export const sysParams = z.object({ sysCode: sysCodeSchema });
export const reason = z.string().trim().min(1).max(LIMITS.reasonLength);

/** Keyset paging: `after` is the cursor that the page before gave. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(LIMITS.pageRowsMax).default(LIMITS.pageRowsDefault),
  after: z.string().max(256).optional(),
};
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

/** A list in a query: repeated parameter or commas. */
export const many = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').filter((part) => part !== '') : value),
    z.array(item).max(100).optional(),
  );
