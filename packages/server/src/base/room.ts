/** When a client is worth a batch: a claim and an answer cost nearly the same for one problem and for many. */
import type { Session } from './services.ts';

/** So many of its places are free that little is won by waiting for more. */
export const hasRoom = ({ places, freePlaces }: Pick<Session, 'places' | 'freePlaces'>): boolean =>
  freePlaces > 0 && freePlaces * 4 >= places;
