/**
 * Live events for consoles: a ring of the last events in memory, and readers that are told of new ones. An id
 * names the process and the place in its ring, so a reader that resumes after a restart or after too long is
 * told to read everything again instead of missing something in silence.
 */
import type { LiveEvent } from '@piculus/protocol/http';
import type { Clock } from '../base/clock.ts';
import type { LiveEvents, LiveNews } from '../base/services.ts';

const IDS_MAX = 100;

export interface NumberedEvent {
  readonly id: string;
  readonly event: LiveEvent;
  /** Where it names several systems' things, those systems; null where it belongs to no system. */
  readonly systems: readonly string[] | null;
}

/** An event with the systems whose things it names, as it comes from another node. */
export type RelayedEvent = LiveEvent & { readonly systems: readonly string[] | null };

export interface LiveEventRing extends LiveEvents {
  /** Id of the newest event, from which a new reader goes on. */
  readonly lastId: string;
  /** @returns the events after that id, oldest first; null where the ring no longer reaches back to it. */
  since(id: string): readonly NumberedEvent[] | null;
  /**
   * Tells of each new event until the returned function is called, and of every `forget`. Neither may throw.
   */
  subscribe(reader: (event: NumberedEvent) => void, forgotten?: () => void): () => void;
  /** Tells of what was published here, not of what was taken in. There is one such listener. */
  onLocal(listener: (news: LiveNews, at: string) => void): void;
  /** Takes in what was published at another node. */
  takeIn(event: RelayedEvent): void;
  /** Something was missed: every reader has to read again what it shows, whether it is there now or comes back. */
  forget(): void;
}

interface Reader {
  readonly event: (event: NumberedEvent) => void;
  readonly forgotten: () => void;
}

export function createLiveEvents(clock: Clock, capacity = 2_000): LiveEventRing {
  let origin = clock.uuid().slice(0, 8);
  const readers = new Set<Reader>();
  let ring: NumberedEvent[] = [];
  let last = 0;
  let local: (news: LiveNews, at: string) => void = () => {};
  const idOf = (position: number): string => `${origin}-${position}`;

  function add(systems: readonly string[] | null, event: LiveEvent): void {
    last += 1;
    const numbered = { id: idOf(last), systems, event };
    ring.push(numbered);
    // Cut in strides, so that publishing does not move the whole ring every time.
    if (ring.length >= capacity * 2) ring = ring.slice(-capacity);
    for (const reader of readers) reader.event(numbered);
  }

  return {
    get lastId() {
      return idOf(last);
    },
    publish(news) {
      const { systems, ...event } = news;
      const at = clock.now().toISOString();
      add(systems ?? (event.sysCode === null ? null : [event.sysCode]), {
        ...event,
        ids: event.ids.slice(0, IDS_MAX),
        more: event.more || event.ids.length > IDS_MAX,
        at,
      });
      local(news, at);
    },
    onLocal(listener) {
      local = listener;
    },
    takeIn({ systems, ...event }) {
      add(systems ?? (event.sysCode === null ? null : [event.sysCode]), event);
    },
    forget() {
      origin = clock.uuid().slice(0, 8);
      ring = [];
      last = 0;
      for (const reader of readers) reader.forgotten();
    },
    since(id) {
      const [of, position] = id.split('-');
      const seen = Number(position);
      if (of !== origin || !Number.isSafeInteger(seen) || seen < 0 || seen > last) return null;
      const oldest = last - Math.min(ring.length, capacity);
      return seen < oldest ? null : ring.slice(ring.length - (last - seen));
    },
    subscribe(event, forgotten = () => {}) {
      const reader = { event, forgotten };
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}
