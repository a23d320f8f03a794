/** The case file of a problem as a page for printing, and its style. The JSON is a route of the contract. */
import { there } from '@piculus/protocol';
import { API_PREFIX } from '@piculus/protocol/http';
import { rowIdSchema } from '@piculus/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CASE_STYLE, CASE_STYLE_PATH, renderCaseFile } from '../audit/case-html.ts';
import { CASE_LANGUAGES } from '../audit/case-words.ts';
import type { Audit } from '../audit/index.ts';
import { actingAs } from '../base/acting.ts';
import { callerOf } from './authenticate.ts';

const paramsSchema = z.object({ id: rowIdSchema });
const querySchema = z.strictObject({ language: z.enum(CASE_LANGUAGES).default('en') });

const access = there('view');
export const CASE_PAGE_ROUTE = {
  method: 'GET',
  url: `${API_PREFIX}/problems/:id/case-file.html`,
  config: { access },
  schema: {
    'x-access': access,
    operationId: 'getCaseFilePage',
    tags: ['audit'],
    summary: 'The case file of a problem as a page for printing',
    params: paramsSchema,
    querystring: querySchema,
    response: { 200: { description: 'A page', content: { 'text/html': { schema: z.string() } } } },
  },
} as const;

export function registerCasePage(app: FastifyInstance, { audit }: { readonly audit: Audit }): void {
  app.route({
    ...CASE_PAGE_ROUTE,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const { id } = paramsSchema.parse(request.params);
      const { language } = querySchema.parse(request.query);
      const caller = callerOf(request);
      const file = await actingAs(caller, request.id, () => audit.caseFile(id, caller));
      return reply
        .type('text/html; charset=utf-8')
        .serializer((page: unknown) => String(page))
        .send(renderCaseFile(file, language, CASE_STYLE_PATH));
    },
  });
  app.get(CASE_STYLE_PATH, { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'max-age=3600').send(CASE_STYLE),
  );
}
