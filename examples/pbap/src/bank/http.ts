/** The bank's HTTP door. What a flaky or blind bank does to answers happens here, never inside the bank. */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../shared/clock.ts';
import { type Log, reasonOf } from '../shared/log.ts';
import type { Bank } from './bank.ts';
import type { Behaviour, Operation } from './profile.ts';
import { closeSchema, requestNoSchema, STATEMENT_PAGE_MAX, submitSchema } from './words.ts';

export interface BankHttpOptions {
  readonly bank: Bank;
  readonly behaviour: Behaviour;
  readonly silenceMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Fires when the bank stops, so that answers that are held back on purpose do not hold the stop. */
  readonly stopping: AbortSignal;
  /** Something may be due earlier than the background work thinks. */
  readonly onSubmitted: () => void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const numberParams = z.object({ requestNo: requestNoSchema });
const pageQuery = z.object({
  after: z
    .string()
    .regex(/^[0-9]{1,19}$/)
    .default('0'),
  limit: z.coerce.number().int().min(1).max(STATEMENT_PAGE_MAX).default(500),
});
const NOT_FOUND: Answer = {
  status: 404,
  body: { code: 'NOT_FOUND', message: 'no such request is known here' },
};

export function createBankHttp(options: BankHttpOptions): FastifyInstance {
  const { bank, behaviour, clock } = options;
  const app = Fastify({ bodyLimit: 65_536, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) {
      return reply.status(400).send({ code: 'INVALID', message: z.prettifyError(error) });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) options.log.error('a request failed', { reason: reasonOf(error) });
    return reply
      .status(status)
      .send({ code: status < 500 ? 'INVALID' : 'ERROR', message: 'the request failed' });
  });

  /** Runs the operation in the mood that the profile draws for it. */
  const moody = async (
    operation: Operation,
    key: string,
    reply: FastifyReply,
    work: () => Promise<Answer>,
  ) => {
    const mood = behaviour.mood(operation, key);
    if (mood.kind === 'good') {
      const answer = await work();
      return reply.status(answer.status).send(answer.body);
    }
    if (mood.executed) await work();
    switch (mood.kind) {
      case 'error-500':
        return reply.status(500).send({ code: 'SYSTEM_ERROR', message: 'the system is busy' });
      case 'html':
        return reply.type('text/html').send('<html><body><h1>Maintenance</h1></body></html>');
      case 'timeout':
        await clock.sleep(options.silenceMs, options.stopping);
        reply.hijack();
        reply.raw.destroy();
        return reply;
    }
  };

  app.get('/health', () => ({ ok: true }));

  app.post('/requests', async (request, reply) => {
    const submit = submitSchema.parse(request.body);
    return moody('submit', submit.requestNo, reply, async () => {
      if (behaviour.blind) return NOT_FOUND;
      const answer = await bank.submit(submit);
      options.onSubmitted();
      if (answer !== 'content-differs') return { status: 200, body: answer };
      return { status: 409, body: { code: 'CONTENT_DIFFERS', message: 'this number has other content' } };
    });
  });

  app.get('/requests/:requestNo', async (request, reply) => {
    const { requestNo } = numberParams.parse(request.params);
    return moody('query', requestNo, reply, async () => {
      const answer = behaviour.blind ? null : await bank.query(requestNo);
      return answer === null ? NOT_FOUND : { status: 200, body: answer };
    });
  });

  app.post('/requests/:requestNo/close', async (request, reply) => {
    const { requestNo } = numberParams.parse(request.params);
    const { orderNo } = closeSchema.parse(request.body ?? {});
    return moody('close', requestNo, reply, async () =>
      behaviour.blind ? NOT_FOUND : { status: 200, body: await bank.close(requestNo, orderNo ?? null) },
    );
  });

  app.get('/statement', async (request, reply) => {
    const { after, limit } = pageQuery.parse(request.query);
    return moody('statement', after, reply, async () => {
      // A blind bank claims to be complete: only the missing settled numbers give it away.
      if (behaviour.blind) return { status: 200, body: { lines: [], reachesTo: clock.now().toISOString() } };
      return { status: 200, body: await bank.statement(after, limit) };
    });
  });

  return app;
}
