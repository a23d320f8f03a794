/** The list of problems as a file: a stream that goes as fast as its reader takes it. */
import { Readable } from 'node:stream';
import { formatDecimalAmount, somewhere } from '@piculus/protocol';
import {
  API_PREFIX,
  type Problem,
  type ProblemFilter,
  PROBLEMS_CSV_PATH,
  problemFilterSchema,
} from '@piculus/protocol/http';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Problems } from '../base/services.ts';
import { callerOf } from './authenticate.ts';
import { BYTE_ORDER_MARK, type Cell, csvLine } from './csv.ts';

const access = somewhere('view');
export const EXPORT_ROUTE = {
  method: 'GET',
  url: `${API_PREFIX}${PROBLEMS_CSV_PATH}`,
  config: { access },
  schema: {
    'x-access': access,
    operationId: 'exportProblems',
    tags: ['problems'],
    summary:
      'Problems as CSV (UTF-8), newest first, with the filter of the list; a cut connection is no whole file',
    querystring: problemFilterSchema,
    response: {
      200: { description: 'One line per problem', content: { 'text/csv': { schema: z.string() } } },
    },
  },
} as const;

export interface ExportRouteOptions {
  readonly problems: Pick<Problems, 'export'>;
  readonly clock: Clock;
}

export function registerExport(app: FastifyInstance, { problems, clock }: ExportRouteOptions): void {
  app.route({
    ...EXPORT_ROUTE,
    // An answer without a body would leave the pages unread.
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const filter: ProblemFilter = problemFilterSchema.parse(request.query);
      const pages = problems.export(filter, callerOf(request));
      // What fails before the first byte is answered as every error; what fails later cuts the connection, so that
      // half a file is not taken for a whole one.
      const first = await pages.next();
      const name = `problems-${clock.now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.csv`;
      reply
        .type('text/csv; charset=utf-8; header=present')
        .header('content-disposition', `attachment; filename="${name}"`);
      return reply.send(Readable.from(linesOf(first, pages), { objectMode: false }));
    },
  });
}

type Pages = AsyncGenerator<readonly Problem[], void, void>;

/** One text per page. Ends the pages too where the reader goes away. */
async function* linesOf(
  first: IteratorResult<readonly Problem[], void>,
  pages: Pages,
): AsyncGenerator<string> {
  try {
    yield BYTE_ORDER_MARK + csvLine(COLUMNS.map(([name]) => name));
    for (let page = first; page.done !== true; page = await pages.next()) {
      if (page.value.length > 0) yield page.value.map(lineOf).join('');
    }
  } finally {
    await pages.return();
  }
}

const lineOf = (problem: Problem): string => csvLine(COLUMNS.map(([, cell]) => cell(problem)));
const number = (value: string | number | null): Cell => (value === null ? null : { number: value });

/** Names as in the API; order numbers first, as in the list. */
const COLUMNS: readonly (readonly [string, (problem: Problem) => Cell])[] = [
  ['businessKey', (problem) => problem.businessKey],
  ['sysCode', (problem) => problem.sysCode],
  ['fixCode', (problem) => problem.fixCode],
  ['scenario', (problem) => problem.scenario],
  ['state', (problem) => problem.state],
  ['waitReason', (problem) => problem.waitReason],
  ['nextTickAt', (problem) => problem.nextTickAt],
  ['amountMinor', (problem) => number(problem.amountMinor)],
  ['amount', ({ amountMinor, currency }) => number(formatDecimalAmount(BigInt(amountMinor), currency))],
  ['currency', (problem) => problem.currency],
  ['outOfPocket', (problem) => problem.outOfPocket],
  ['handling', (problem) => problem.handling],
  ['occurredAt', (problem) => problem.occurredAt],
  ['firstSeenAt', (problem) => problem.firstSeenAt],
  ['lastSeenAt', (problem) => problem.lastSeenAt],
  ['seenCount', (problem) => number(problem.seenCount)],
  ['attempts', (problem) => number(problem.attempts)],
  ['retriesUsed', (problem) => number(problem.retriesUsed)],
  ['maxRetries', (problem) => number(problem.maxRetries)],
  ['reopenCount', (problem) => number(problem.reopenCount)],
  ['reopened', (problem) => problem.reopened],
  ['seenSinceClosed', (problem) => problem.seenSinceClosed],
  ['lastOutcome', (problem) => problem.lastOutcome],
  ['lastReason', (problem) => problem.lastReason],
  ['stateChangedAt', (problem) => problem.stateChangedAt],
  ['confirmedAt', (problem) => problem.confirmedAt],
  ['id', (problem) => number(problem.id)],
];
