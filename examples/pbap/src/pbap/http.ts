/** PBAP's HTTP door: the bank's callbacks, and the front door for new orders. */
import Fastify, { type FastifyInstance } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { callbackSchema } from '../bank/words.ts';
import type { Clock } from '../shared/clock.ts';
import { type Log, reasonOf } from '../shared/log.ts';
import type { BankClient } from './bank-client.ts';
import { takeCallback } from './callback.ts';
import { OrderRefused, placeOrder } from './normal-path.ts';

export interface PbapHttpOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** Something waits to be sent. */
  readonly onPlaced: () => void;
}

export const CALLBACK_PATH = '/bank/callback';

/** A new order; without a number it gets one. */
export const placeOrderSchema = z.strictObject({
  orderNo: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/)
    .optional(),
  type: z.enum(['recharge', 'withdraw']),
  booking: z.enum(['one-shot', 'staged']).default('one-shot'),
  accountNo: z.string().min(1).max(64),
  amountMinor: z.string().regex(/^[1-9][0-9]{0,14}$/, 'a positive whole number of minor units as text'),
});

export function createPbapHttp(options: PbapHttpOptions): FastifyInstance {
  const { pool, clock, log } = options;
  const app = Fastify({ bodyLimit: 65_536, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) {
      return reply.status(400).send({ code: 'INVALID', message: z.prettifyError(error) });
    }
    if (error instanceof OrderRefused)
      return reply.status(409).send({ code: 'REFUSED', message: error.message });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) log.error('a request failed', { reason: reasonOf(error) });
    return reply
      .status(status)
      .send({ code: status < 500 ? 'INVALID' : 'ERROR', message: 'the request failed' });
  });

  app.get('/health', () => ({ ok: true }));

  app.post(CALLBACK_PATH, async (request, reply) => {
    const { requestNo } = callbackSchema.parse(request.body);
    const finished = await takeCallback(options, requestNo, options.stopping);
    // 503 asks the bank to call again: a repair has the order just now, or the bank itself shows no end yet.
    return reply.status(finished === 'busy' || finished === 'early' ? 503 : 200).send({ finished });
  });

  app.post('/orders', async (request, reply) => {
    const body = placeOrderSchema.parse(request.body);
    const placed = await placeOrder(
      pool,
      { ...body, orderNo: body.orderNo ?? `P-${clock.uuid()}`, amountMinor: BigInt(body.amountMinor) },
      clock.now(),
    );
    options.onPlaced();
    return reply.status(201).send({ orderNo: placed.orderNo });
  });

  return app;
}
