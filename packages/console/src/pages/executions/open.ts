/** Which execution is open beside the list: in the address as `problem-execution`, so that a link finds it again. */
import type { Execution } from '@piculus/protocol/http';
import { useLocation, useNavigate } from 'react-router';

export interface Opened {
  /** As in the address; null where none is open. */
  readonly key: string | null;
  readonly problemId: string | null;
  readonly id: string | null;
  readonly open: (execution: Execution) => void;
  readonly close: () => void;
}

export const openKey = ({ problemId, id }: Pick<Execution, 'problemId' | 'id'>): string =>
  `${problemId}-${id}`;
export const detailLinkId = (key: string): string => `execution-${key}`;

/** @returns the two ids; null where the text is no such key. */
export function idsIn(key: string | null): { problemId: string; id: string } | null {
  const [, problemId, id] = /^([1-9][0-9]{0,18})-([1-9][0-9]{0,18})$/.exec(key ?? '') ?? [];
  return problemId === undefined || id === undefined ? null : { problemId, id };
}

export function useOpen(): Opened {
  const location = useLocation();
  const navigate = useNavigate();
  const text = new URLSearchParams(location.search).get('open');
  const ids = idsIn(text);
  const key = ids === null ? null : text;
  const go = (next: string | null): void => {
    // The address itself, because what is on the screen may be a moment behind it.
    const query = new URLSearchParams(window.location.search);
    if (next === null) query.delete('open');
    else query.set('open', next);
    // The state holds the pages walked through: the place in the list stays.
    void navigate({ search: `?${query}` }, { state: location.state, replace: key !== null });
  };
  return {
    key,
    problemId: ids?.problemId ?? null,
    id: ids?.id ?? null,
    open: (execution) => go(openKey(execution)),
    close: () => {
      if (key === null) return;
      go(null);
      document.getElementById(detailLinkId(key))?.focus();
    },
  };
}
