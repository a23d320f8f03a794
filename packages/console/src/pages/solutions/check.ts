/** Asks the server what a solution would mean, while it is being typed: the latest answer wins. */
import { useDebouncedValue } from '@mantine/hooks';
import type { ApiError, RouteResponse, SolutionInput } from '@piculus/protocol/http';
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';

export type Check = RouteResponse<'validateSolution'>;
const PAUSE_MS = 300;

/** @param input null: nothing is asked. Hand in the same object until something changed. */
export function useTypedCheck(input: SolutionInput | null): UseQueryResult<Check, ApiError> {
  const [asked] = useDebouncedValue(input, PAUSE_MS);
  return useCheck(asked);
}

export function useCheck(input: SolutionInput | null): UseQueryResult<Check, ApiError> {
  return useQuery<Check, ApiError>({
    queryKey: ['validateSolution', input],
    queryFn: ({ signal }) => {
      if (input === null) throw new Error('there is nothing to check');
      return api.validateSolution({ body: input, signal });
    },
    enabled: input !== null,
    // What it would do to open problems is asked anew each time.
    staleTime: 0,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });
}
