/**
 * The message that is open beside the list is named in the address: by its id; by its time, by which it is found
 * quickly; and by its number in the log, because senders choose ids and may use one twice in a millisecond.
 */
import type { Message } from '@piculus/protocol/http';
import { useLocation, useNavigate } from 'react-router';

export interface MeantMessage {
  readonly id: string | null;
  /** ISO 8601; null where the link does not say. */
  readonly at: string | null;
  /** In the log; null where the link does not say. */
  readonly number: string | null;
}

export interface OpenMessage extends MeantMessage {
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
    number: query.get('openNumber'),
    linkTo,
    state,
    // The address itself is asked, because what is on the screen may be a moment behind it.
    open: (message) => void navigate(`${pathname}?${opening(window.location.search, message)}`, { state }),
    close: () => {
      const next = new URLSearchParams(window.location.search);
      next.delete('open');
      next.delete('openAt');
      next.delete('openNumber');
      void navigate(`${pathname}?${next}`, { state, replace: true });
    },
  };
}

function opening(search: string, { messageId, at, id }: Message): URLSearchParams {
  const next = new URLSearchParams(search);
  next.set('open', messageId);
  next.set('openAt', at);
  next.set('openNumber', id);
  return next;
}

export function isMeant(message: Message, { id, at, number }: MeantMessage): boolean {
  if (message.messageId !== id) return false;
  if (number !== null) return message.id === number;
  return at === null || Date.parse(message.at) === Date.parse(at);
}
