/** The message that is open beside the list is named in the address, with its time, by which it is found quickly. */
import type { Message } from '@piculus/protocol/http';
import { useLocation, useNavigate } from 'react-router';

export interface OpenMessage {
  readonly id: string | null;
  /** ISO 8601; null where the link does not say. */
  readonly at: string | null;
  readonly linkTo: (message: Message) => string;
  /** Of the history entry: the pages walked through, so that the place in the list stays. */
  readonly state: unknown;
  readonly open: (message: Message) => void;
  readonly close: () => void;
}

export function useOpenMessage(): OpenMessage {
  const location = useLocation();
  const { pathname, search } = location;
  const state: unknown = location.state;
  const navigate = useNavigate();
  const query = new URLSearchParams(search);
  const linkTo = (message: Message): string => `${pathname}?${opening(search, message)}`;
  return {
    id: query.get('open'),
    at: query.get('openAt'),
    linkTo,
    state,
    // The address itself is asked, because what is on the screen may be a moment behind it.
    open: (message) => void navigate(`${pathname}?${opening(window.location.search, message)}`, { state }),
    close: () => {
      const next = new URLSearchParams(window.location.search);
      next.delete('open');
      next.delete('openAt');
      void navigate(`${pathname}?${next}`, { state, replace: true });
    },
  };
}

function opening(search: string, { messageId, at }: Message): URLSearchParams {
  const next = new URLSearchParams(search);
  next.set('open', messageId);
  next.set('openAt', at);
  return next;
}
