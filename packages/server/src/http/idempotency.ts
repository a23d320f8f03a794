/**
 * Makes a repeated mutation one: the first answer is recorded under the caller and the key, a repeat gets it
 * again. Answers that hold a secret are stored sealed, because the secret itself is stored hashed only.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { PiculusError } from '@piculus/protocol';
import { openJson, sealingKey, sealJson } from '../base/sealed.ts';
import type { Context } from '../base/services.ts';
import { stepped } from '../base/steps.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { recordAnswer, releaseKey, type TakenKey, takeKey } from '../store/idempotency.ts';
import { asPiculusError, problemDetails } from './errors.ts';

export interface IdempotentRequest {
  readonly actor: string;
  readonly key: string;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly requestId: string;
  /** Status of the success answer. */
  readonly status: number;
  /** The answer holds a secret. */
  readonly secret: boolean;
}

export interface IdempotentAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly replayed: boolean;
}

export interface Idempotency {
  /**
   * Runs the request once per key.
   * @throws PiculusError `idempotency-key-reused`, `idempotency-key-running`, and whatever `run` throws.
   */
  once(request: IdempotentRequest, run: () => Promise<unknown>): Promise<IdempotentAnswer>;
  /** Gives up what it still wants to free. */
  close(): void;
}

/** Longer than any request takes; a request that is still open then died with its server. */
const ABANDONED_MS = 10 * 60_000;
/** A node that is gone may have been frozen only; for so long it could still come back to its request. */
const GONE_MS = 60_000;
/** What could not be written of a key is tried again so often, and then left to those who take over what is abandoned. */
const TRIES = 60;
const AGAIN_MS = 1_000;

/** A request under way, and its key as it took it. */
interface Held {
  readonly request: IdempotentRequest;
  readonly taken: TakenKey;
}

export function createIdempotency(context: Context, secret: string): Idempotency {
  const { db, clock, log, steps } = context;
  const closing = new AbortController();
  const key = sealingKey(secret, 'piculus idempotency');

  function seal(body: unknown): { sealed: string } {
    return { sealed: sealJson(key, clock, body).toString('base64') };
  }

  function unseal(body: unknown): unknown {
    if (typeof body !== 'object' || body === null || !('sealed' in body) || typeof body.sealed !== 'string')
      return body;
    return openJson(key, Buffer.from(body.sealed, 'base64'));
  }

  /** With a key, so that a password in a body cannot be guessed from the stored hash. */
  function hashOf({ method, url, body }: IdempotentRequest): Buffer {
    return createHmac('sha256', key)
      .update(JSON.stringify([method, url, body ?? null]))
      .digest();
  }

  /**
   * Records the answer. What it needs the database for goes on behind the answer where the database is away: a repeat of
   * a change that was made must not be run after a while as if nobody had made it. Never throws.
   */
  async function settle({ request, taken }: Held, status: number, body: unknown): Promise<void> {
    const answer = { status, body: request.secret ? seal(body) : body };
    const record = (): Promise<void> =>
      stepped(steps, 'answer record', () => recordAnswer(db, taken, answer));
    const failed = (error: unknown): void =>
      log.warn({ err: error, requestId: request.requestId }, 'an answer could not be recorded under its key');
    try {
      await record();
    } catch (error) {
      failed(error);
      if (isDatabaseAway(error)) void again(record).catch(failed);
    }
  }

  /** The database may be what failed, so freeing the key may have to wait for it. Never rejects. */
  async function release({ request, taken }: Held): Promise<void> {
    await again(() => releaseKey(db, taken)).catch((error: unknown) =>
      log.warn({ err: error, requestId: request.requestId }, 'a key could not be freed'),
    );
  }

  /** Until the database is there. @throws whatever else goes wrong. */
  async function again(work: () => Promise<void>): Promise<void> {
    for (let tries = 1; tries <= TRIES && !closing.signal.aborted; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isDatabaseAway(error)) throw error;
        await clock.sleep(AGAIN_MS, closing.signal);
      }
    }
  }

  return {
    close: () => closing.abort(),
    async once(request, run) {
      const now = clock.now();
      const requestHash = hashOf(request);
      const abandonedBefore = new Date(now.getTime() - ABANDONED_MS);
      // A node that is taken for dead goes on under another name.
      const taken = { actor: request.actor, key: request.key, nodeId: context.nodeId, at: now };
      const goneBefore = new Date(now.getTime() - GONE_MS);
      const found = await takeKey(db, { ...taken, requestHash, abandonedBefore, goneBefore });
      if (found !== null) {
        if (!timingSafeEqual(found.requestHash, requestHash))
          throw new PiculusError('idempotency-key-reused');
        if (found.status === null) throw new PiculusError('idempotency-key-running');
        return { status: found.status, body: unseal(found.body), replayed: true };
      }
      try {
        const body = await run();
        await settle({ request, taken }, request.status, body);
        return { status: request.status, body, replayed: false };
      } catch (error) {
        const known = asPiculusError(error);
        // Not waited for: whoever asked is told at once, and asks again.
        if (known.retryable) void release({ request, taken });
        else await settle({ request, taken }, known.status, problemDetails(known, request.requestId));
        throw error;
      }
    },
  };
}
