/** The routes of tokens. No token reaches them. */
import { z } from 'zod';
import { IN_PERSON, TOKEN_VERBS } from '../../access.ts';
import { sysCodeSchema } from '../../messages/parts.ts';
import { TOKEN_DAYS_MAX, tokenSchema } from '../tokens.ts';
import { idParams, route } from './parts.ts';

export const TOKEN_ROUTES = {
  listTokens: route({
    access: IN_PERSON,
    method: 'GET',
    path: '/tokens',
    tag: 'tokens',
    summary: "One's own tokens, newest first; those of everybody for administrators",
    status: 200,
    query: z.strictObject({ everybody: z.stringbool().optional() }),
    response: z.object({ items: z.array(tokenSchema) }),
  }),
  createToken: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/tokens',
    tag: 'tokens',
    summary: "Make a token of one's own; it is shown once, and needs a fresh sign-in",
    status: 201,
    body: z.strictObject({
      name: z.string().trim().min(1).max(64),
      verbs: z.array(z.enum(TOKEN_VERBS)).min(1).max(TOKEN_VERBS.length),
      sysCodes: z.array(sysCodeSchema).min(1).max(100).nullable().default(null),
      days: z.number().int().min(1).max(TOKEN_DAYS_MAX).default(90),
    }),
    response: z.object({ token: z.string(), info: tokenSchema }),
  }),
  revokeToken: route({
    access: IN_PERSON,
    method: 'DELETE',
    path: '/tokens/:id',
    tag: 'tokens',
    summary: "Revoke a token at once: one's own, or anybody's for administrators",
    status: 204,
    params: idParams,
    response: z.null(),
  }),
} as const;
