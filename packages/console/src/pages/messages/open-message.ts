/** The message that is open beside the list is named in the address, with its time, by which it is found quickly. */
import type { Message } from '@piculus/protocol/http';
import { useLocation, useNavigate } from 'react-router';

export interface OpenMessage {
  readonly id: string | null;
  /** ISO 8601; null where the link does not say. */
  readonly at: string | null;
  readonly linkTo: (message: Message) => string;
  readonly open: (message: Message) => void;
  readonly close: () => void;
}

export function useOpenMessage(): OpenMessage {
  const { pathname, search, state } = useLocation();
  const navigate = useNavigate();
  const query = new URLSearchParams(search);
  const linkTo = ({ messageId, at }: Message): string => {
    const next = new URLSearchParams(search);
    next.set('open', messageId);
    next.set('openAt', at);
    return `${pathname}?${next}`;
  };
  return {
    id: query.get('open'),
    at: query.get('openAt'),
    linkTo,
    // The state holds the pages walked through: the place in the list stays.
    open: (message) => void navigate(linkTo(message), { state }),
    close: () => {
      const next = new URLSearchParams(search);
      next.delete('open');
      next.delete('openAt');
      void navigate(`${pathname}?${next}`, { state, replace: true });
    },
  };
}
