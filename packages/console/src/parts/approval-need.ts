/** Whether an act needs a second person, asked before it is confirmed. */
import type { ApprovalCommand, ApprovalNeed } from '@piculus/protocol/http';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client.ts';

const keyOf = (command: ApprovalCommand | null) => ['approval-need', command] as const;

/**
 * For forms, where an act is not confirmed in a dialog of its own.
 * @returns false also where the question fails: the server refuses the act where it needs a second person.
 */
export async function needsSecond(command: ApprovalCommand): Promise<boolean> {
  try {
    return (await api.previewApprovalNeed({ body: { command } })).needs.length > 0;
  } catch {
    return false;
  }
}

export interface Need {
  /** Why; empty where one person may do it alone. */
  readonly needs: readonly ApprovalNeed[];
  readonly pending: boolean;
  /** The server refused the act for want of a second person: what was known of it is old. */
  readonly askAgain: () => Promise<void>;
}

/**
 * Where the question itself fails, the act is offered: the server refuses it where it needs a second person.
 * @param command null where the act never needs one.
 */
export function useNeed(command: ApprovalCommand | null): Need {
  const queries: QueryClient = useQueryClient();
  const read = useQuery({
    queryKey: keyOf(command),
    queryFn: async ({ signal }) => {
      if (command === null) return { needs: [] };
      return api.previewApprovalNeed({ body: { command }, signal });
    },
    enabled: command !== null,
    // Live events must not move what a person is about to confirm.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  return {
    needs: read.data?.needs ?? [],
    pending: command !== null && read.isPending,
    askAgain: () => queries.invalidateQueries({ queryKey: keyOf(command) }),
  };
}
