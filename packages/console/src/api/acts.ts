/** Changing something over the API. A repeat of the same act after a lost answer is the same act. */
import type { ApiError, CallInput, RouteName, RouteResponse } from '@piculus/protocol/http';
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, asApiError } from './client.ts';
import { withProof } from './confirm.ts';
import { refresh, type Topic } from './queries.ts';

export type ActInput<N extends RouteName> = Omit<CallInput<N>, 'signal' | 'idempotencyKey'>;

/**
 * @param topics what the act makes old at once, so that nobody waits for the live event of an own act.
 * @returns a mutation that rejects with an ApiError.
 */
export function useAct<N extends RouteName>(
  name: N,
  topics: readonly Topic[] = [],
): UseMutationResult<RouteResponse<N>, ApiError, ActInput<N>> {
  const queries = useQueryClient();
  const repeat = useRef<{ input: string; key: string } | null>(null);
  return useMutation<RouteResponse<N>, ApiError, ActInput<N>>({
    mutationFn: async (input) => {
      const text = JSON.stringify(input);
      return withProof(async () => {
        // Whoever clicks again because no answer came must not act twice: the key stays the same.
        if (repeat.current?.input !== text) repeat.current = { input: text, key: newKey() };
        const { key } = repeat.current;
        try {
          const answer = await callAct(name, { ...input, idempotencyKey: key });
          repeat.current = null;
          return answer;
        } catch (error) {
          const told = asApiError(error);
          if (told.status !== 0 && !told.retryable) repeat.current = null;
          throw told;
        }
      });
    },
    onSuccess: () => refresh(queries, new Set(topics)),
  });
}

/** As for reads: one method per route, which the compiler cannot follow through a type parameter. */
function callAct<N extends RouteName>(name: N, input: object): Promise<RouteResponse<N>> {
  const call = api[name] as (input: object) => Promise<RouteResponse<N>>;
  return call(input);
}

/** Not `randomUUID`: browsers have that only on pages that came over TLS. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
