/** The OpenAPI document without a server: from the contract alone. */
import { PiculusError } from '@piculus/protocol';
import { fastify } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { checkBySchemas, describeRoute, ROUTE_NAMES } from './api-routes.ts';
import { CASE_PAGE_ROUTE } from './case-file.ts';
import { EXPORT_ROUTE } from './export.ts';
import { LIVE_ROUTE } from './live.ts';
import { installOpenApi } from './openapi.ts';

/** @returns the document as it is served and as `openapi.json` holds it. */
export async function openApiDocument(): Promise<object> {
  const app = fastify();
  app.setSerializerCompiler(serializerCompiler);
  checkBySchemas(app);
  await installOpenApi(app);
  const handler = (): never => {
    throw new PiculusError('internal', 'this application only describes');
  };
  for (const name of ROUTE_NAMES) app.route({ ...describeRoute(name), handler });
  app.route({ ...EXPORT_ROUTE, handler });
  app.route({ ...CASE_PAGE_ROUTE, handler });
  app.route({ ...LIVE_ROUTE, handler });
  await app.ready();
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}
