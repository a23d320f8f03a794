/** The OpenAPI 3.1 document, from the same schemas that check the requests, and its pages. */
import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { API_PREFIX } from '@piculus/protocol/http';
import * as resources from '@piculus/protocol/http';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { VERSION } from '../base/version.ts';
import { AUTH_PREFIX, SIGN_IN_PATH } from '../identity/index.ts';

export const OPENAPI_PATH = `${API_PREFIX}/openapi.json`;
export const DOCS_PATH = `${API_PREFIX}/docs`;

/** Names for the schemas that several routes share. */
function schemaNames() {
  const registry = z.registry<{ id: string }>();
  const named = {
    Error: resources.problemDetailsSchema,
    Warning: resources.warningSchema,
    System: resources.systemSchema,
    SystemKey: resources.systemKeySchema,
    Client: resources.clientSchema,
    CollectCommand: resources.collectCommandSchema,
    Collection: resources.collectionSchema,
    Problem: resources.problemSchema,
    ProblemDetail: resources.problemDetailSchema,
    Execution: resources.executionSchema,
    Lease: resources.leaseSchema,
    Solution: resources.solutionSchema,
    Message: resources.messageSchema,
    User: resources.userSchema,
    Preview: resources.previewSchema,
    Stats: resources.statsSchema,
    BulkRun: resources.bulkRunSchema,
    BulkRunItem: resources.bulkRunItemSchema,
    View: resources.viewSchema,
    SolutionImpact: resources.solutionImpactSchema,
    MessageSlot: resources.messageSlotSchema,
  };
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  return registry;
}

export async function installOpenApi(app: FastifyInstance): Promise<void> {
  const schemaRegistry = schemaNames();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Piculus',
        version: VERSION,
        description:
          `Finds and repairs broken payments. Sign in at \`POST ${AUTH_PREFIX}${SIGN_IN_PATH}\` with username and ` +
          'password; the answer has a token for `Authorization: Bearer`, and sets a cookie for browsers. ' +
          'Ids and amounts are text, amounts in minor units, times ISO 8601.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'piculus.session_token' },
        },
      },
      security: [{ token: [] }, { cookie: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: (document) =>
      withoutUnused(createJsonSchemaTransformObject({ schemaRegistry })(document)),
  });
}

type Document = ReturnType<SwaggerTransformObject>;

/** Every named schema comes once for requests and once for answers; what no route refers to is left out. */
function withoutUnused(document: Document): Document {
  const schemas = 'components' in document ? document.components?.schemas : undefined;
  for (let removed = schemas !== undefined; removed; ) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas ?? {}).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    for (const name of unused) Reflect.deleteProperty(schemas ?? {}, name);
    removed = unused.length > 0;
  }
  return document;
}

export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  app.get(OPENAPI_PATH, { schema: { hide: true } }, () => app.swagger());
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    uiConfig: { deepLinking: true, validatorUrl: null },
  });
}
