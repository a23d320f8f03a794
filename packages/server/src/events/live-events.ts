/**
 * Live events for consoles: a ring of the last events in memory, and readers that are told of new ones. An id
 * names the process and the place in its ring, so a reader that resumes after a restart or after too long is
 * told to read everything again instead of missing something in silence.
 */
import type { LiveEvent } from '@piculus/protocol/http';
import type { Clock } from '../base/clock.ts';
import type { LiveEvents } from '../base/services.ts';

export interface NumberedEvent {
  readonly id: string;
  readonly event: LiveEvent;
  /** Where it names several systems' things, those systems; null where it belongs to no system. */
  readonly systems: readonly string[] | null;
}

export interface LiveEventRing extends LiveEvents {
  /** Id of the newest event, from which a new reader goes on. */
  readonly lastId: string;
  /** @returns the events after that id, oldest first; null where the ring no longer reaches back to it. */
  since(id: string): readonly NumberedEvent[] | null;
  /** Tells of each new event until the returned function is called. The reader must not throw. */
  subscribe(reader: (event: NumberedEvent) => void): () => void;
}

export function createLiveEvents(clock: Clock, capacity = 2_000): LiveEventRing {
  const origin = clock.uuid().slice(0, 8);
  const readers = new Set<(event: NumberedEvent) => void>();
  let ring: NumberedEvent[] = [];
  let last = 0;
  const idOf = (position: number): string => `${origin}-${position}`;
  return {
    get lastId() {
      return idOf(last);
    },
    publish({ systems, ...event }) {
      last += 1;
      const numbered = {
        id: idOf(last),
        systems: systems ?? (event.sysCode === null ? null : [event.sysCode]),
        event: {
          ...event,
          ids: event.ids.slice(0, 100),
          more: event.more || event.ids.length > 100,
          at: clock.now().toISOString(),
        },
      };
      ring.push(numbered);
      // Cut in strides, so that publishing does not move the whole ring every time.
      if (ring.length >= capacity * 2) ring = ring.slice(-capacity);
      for (const reader of readers) reader(numbered);
    },
    since(id) {
      const [of, position] = id.split('-');
      const seen = Number(position);
      if (of !== origin || !Number.isSafeInteger(seen) || seen < 0 || seen > last) return null;
      const oldest = last - Math.min(ring.length, capacity);
      return seen < oldest ? null : ring.slice(ring.length - (last - seen));
    },
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}
