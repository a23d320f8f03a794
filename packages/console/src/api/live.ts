/**
 * The live stream: what changed, as it changes. Events are gathered and applied at most every half second, so that
 * five hundred changes a second cost as much as two. A stream that ends or falls silent is opened again with growing
 * pauses; the server tells a reader that was away for too long to read everything again. A page that nobody sees
 * has no stream: a browser allows few connections to one server, and many tabs would use them up.
 */
import { API_PREFIX, LIVE_TOPICS, liveEventSchema } from '@piculus/protocol/http';
import type { Topic } from './queries.ts';

/** `asleep`: the page is hidden and follows nothing until it is seen again. */
export type LiveState = 'connecting' | 'live' | 'lost' | 'asleep';
export interface LiveStatus {
  readonly state: LiveState;
  /** Since when, in milliseconds of the page's clock. */
  readonly since: number;
}

export interface LiveOptions {
  /** What changed since the last call. */
  readonly onChange: (topics: ReadonlySet<Topic>) => void;
  /** What the person may do has changed, or may have while nothing was told. */
  readonly onAccess: (known: 'changed' | 'unknown') => void;
  readonly onStatus: (status: LiveStatus) => void;
  /** The server answered that it gives no stream, for instance because nobody is signed in any more. */
  readonly onRefused: () => void;
  readonly gatherMs?: number;
  /** The server gives a sign of life every 15 s; after this long without one the stream counts as lost. */
  readonly silenceMs?: number;
  /** A page that is hidden for that long lets go of the stream: going through tabs costs nothing. */
  readonly sleepMs?: number;
}

const EVERYTHING: ReadonlySet<Topic> = new Set(LIVE_TOPICS);
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** Opens the stream. @returns how to end it. */
export function followLive(options: LiveOptions): () => void {
  const { gatherMs = 500, silenceMs = 40_000, sleepMs = 5_000 } = options;
  let source: EventSource | null = null;
  let gathered = new Set<Topic>();
  let gathering: number | undefined;
  let silence: number | undefined;
  let reopening: number | undefined;
  let sleeping: number | undefined;
  let attempts = 0;
  let opened = false;
  let state: LiveState | null = null;

  const tell = (next: LiveState): void => {
    if (next === state) return;
    state = next;
    options.onStatus({ state: next, since: Date.now() });
  };
  const flush = (): void => {
    gathering = undefined;
    const topics = gathered;
    gathered = new Set();
    options.onChange(topics);
  };
  const gather = (topics: Iterable<Topic>): void => {
    for (const topic of topics) gathered.add(topic);
    gathering ??= window.setTimeout(flush, gatherMs);
  };
  const alive = (): void => {
    attempts = 0;
    tell('live');
    expectLife();
  };
  const expectLife = (): void => {
    window.clearTimeout(silence);
    silence = window.setTimeout(reopen, silenceMs);
  };

  function open(): void {
    source = new EventSource(`${API_PREFIX}/events`);
    // Also a connection that is never answered is one that is silent.
    expectLife();
    source.addEventListener('hello', () => {
      alive();
      // A stream that was opened anew does not know what this page has seen.
      if (opened) {
        gather(EVERYTHING);
        options.onAccess('unknown');
      }
      opened = true;
    });
    source.addEventListener('reset', () => {
      alive();
      gather(EVERYTHING);
    });
    source.addEventListener('access', () => {
      alive();
      options.onAccess('changed');
    });
    source.addEventListener('beat', alive);
    source.addEventListener('change', (message: MessageEvent<string>) => {
      alive();
      const topic = topicOf(message.data);
      gather(topic === null ? EVERYTHING : [topic]);
    });
    source.addEventListener('open', alive);
    source.addEventListener('error', () => {
      tell('lost');
      // The browser comes back by itself, with the last id, unless the answer was an error.
      if (source?.readyState !== EventSource.CLOSED) return;
      reopen();
      options.onRefused();
    });
  }
  function reopen(): void {
    source?.close();
    window.clearTimeout(silence);
    window.clearTimeout(reopening);
    tell('lost');
    const pause = Math.min(RETRY_MS_MIN * 2 ** attempts, RETRY_MS_MAX) * (0.5 + Math.random() / 2);
    attempts += 1;
    reopening = window.setTimeout(open, pause);
  }
  function sleep(): void {
    sleeping = undefined;
    source?.close();
    for (const timer of [silence, reopening]) window.clearTimeout(timer);
    // Whatever happens from now on is not seen: all is read again afterwards.
    opened = true;
    tell('asleep');
  }
  function wake(): void {
    attempts = 0;
    tell('connecting');
    open();
  }
  const onSight = (): void => {
    window.clearTimeout(sleeping);
    sleeping = undefined;
    if (document.visibilityState === 'hidden') sleeping = window.setTimeout(sleep, sleepMs);
    else if (state === 'asleep') wake();
  };

  document.addEventListener('visibilitychange', onSight);
  if (document.visibilityState === 'hidden') sleep();
  else wake();
  return () => {
    document.removeEventListener('visibilitychange', onSight);
    source?.close();
    for (const timer of [gathering, silence, reopening, sleeping]) window.clearTimeout(timer);
  };
}

function topicOf(data: string): Topic | null {
  try {
    const event = liveEventSchema.safeParse(JSON.parse(data));
    return event.success ? event.data.topic : null;
  } catch {
    return null;
  }
}
