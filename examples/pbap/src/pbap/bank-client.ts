/**
 * Speaks to the bank over HTTP. Whatever cannot be understood (timeout, 5xx, HTML, a new word, an answer about
 * another number) is `UNCLEAR`: the request may have been executed all the same. It never throws for that.
 */
import type { BankAnswer, BankAnswerCode } from '@piculus/repairs';
import {
  bankErrorSchema,
  type RequestAnswer,
  requestAnswerSchema,
  type StatementPage,
  type Submit,
  statementPageSchema,
} from '../bank/words.ts';
import { reasonOf } from '../shared/log.ts';
import { tracedCall } from '../shared/tracing.ts';

export interface BankClientOptions {
  readonly url: string;
  /** How long one call may take. */
  readonly timeoutMs: number;
  readonly now: () => Date;
}

export interface BankClient {
  submit(request: Submit, signal: AbortSignal): Promise<BankAnswer>;
  query(requestNo: string, signal: AbortSignal): Promise<BankAnswer>;
  close(requestNo: string, orderNo: string, signal: AbortSignal): Promise<BankAnswer>;
  /** @throws Error where no page that can be understood came back. */
  statement(after: string, limit: number, signal: AbortSignal): Promise<StatementPage>;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export function createBankClient(options: BankClientOptions): BankClient {
  const { timeoutMs, now } = options;
  const base = options.url.replace(/\/$/, '');

  const call = async (path: string, signal: AbortSignal, body?: unknown): Promise<Reply> => {
    const method = body === undefined ? 'GET' : 'POST';
    return tracedCall('bank call', { 'http.request.method': method }, async (headers) => {
      const response = await fetch(`${base}${path}`, {
        method,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'error',
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: JSON.parse(text) };
    });
  };

  const unclear = (detail: string, observedAt: Date): BankAnswer => ({
    code: 'UNCLEAR',
    detail,
    amountMinor: null,
    currency: null,
    receivedAt: null,
    observedAt,
  });

  const ask = async (
    requestNo: string,
    path: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<BankAnswer> => {
    // An answer is as old as its question: one that lay unread while this process stood still is not fresh.
    const askedAt = now();
    let reply: Reply;
    try {
      reply = await call(path, signal, body);
    } catch (error) {
      // The caller's own abort is not the bank's answer; everything else is one that nobody understands.
      signal.throwIfAborted();
      return unclear(`no answer that can be read: ${reasonOf(error)}`, askedAt);
    }
    return understand(requestNo, reply, askedAt) ?? unclear(`HTTP ${reply.status}, not understood`, askedAt);
  };

  return {
    submit: (request, signal) => ask(request.requestNo, '/requests', signal, request),
    query: (requestNo, signal) => ask(requestNo, `/requests/${encodeURIComponent(requestNo)}`, signal),
    close: (requestNo, orderNo, signal) =>
      ask(requestNo, `/requests/${encodeURIComponent(requestNo)}/close`, signal, { orderNo }),
    statement: async (after, limit, signal) => {
      const reply = await call(`/statement?after=${after}&limit=${limit}`, signal);
      if (reply.status !== 200) throw new Error(`the bank answered HTTP ${reply.status} to the statement`);
      return statementPageSchema.parse(reply.body);
    },
  };
}

/** @returns null where the reply is not one of those the bank has promised. */
function understand(requestNo: string, reply: Reply, observedAt: Date): BankAnswer | null {
  if (reply.status === 200) {
    const answer = requestAnswerSchema.safeParse(reply.body);
    if (!answer.success || answer.data.requestNo !== requestNo) return null;
    return fromAnswer(answer.data, observedAt);
  }
  const refusal = bankErrorSchema.safeParse(reply.body);
  if (reply.status !== 404 || !refusal.success || refusal.data.code !== 'NOT_FOUND') return null;
  return {
    code: 'NOT_FOUND',
    detail: 'NOT_FOUND',
    amountMinor: null,
    currency: null,
    receivedAt: null,
    observedAt,
  };
}

function fromAnswer(answer: RequestAnswer, observedAt: Date): BankAnswer {
  const code: BankAnswerCode = answer.state;
  return {
    code,
    detail: answer.state,
    amountMinor: answer.amountMinor === null ? null : BigInt(answer.amountMinor),
    currency: answer.currency,
    receivedAt: new Date(answer.receivedAt),
    observedAt,
  };
}
