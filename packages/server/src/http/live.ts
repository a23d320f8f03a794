/**
 * Live events as server-sent events. A reader resumes with `Last-Event-ID`; one that was away for too long, or
 * comes from before a restart, gets a `reset` first and reads again what it shows. A reader that does not keep
 * up is cut off: it resumes by itself. Each event is told as far as its reader may know of it, by what they may
 * do at that moment; that is asked again with every beat.
 */
import type { ServerResponse } from 'node:http';
import { PiculusError, SIGNED_IN } from '@piculus/protocol';
import { API_PREFIX } from '@piculus/protocol/http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accessOf, type Caller } from '../base/access.ts';
import type { Clock } from '../base/clock.ts';
import type { LiveEventRing, NumberedEvent } from '../events/live-events.ts';
import { visibleTo } from '../events/visible.ts';
import type { Admit } from './guard.ts';

export const LIVE_ROUTE = {
  method: 'GET',
  url: `${API_PREFIX}/events`,
  // What of it is told is said by the line of each topic.
  config: { access: SIGNED_IN },
  schema: {
    'x-access': SIGNED_IN,
    operationId: 'liveEvents',
    tags: ['monitor'],
    summary: 'Live events (server-sent events); resumable with Last-Event-ID',
  },
} as const;

export interface LiveRoutes {
  /** Ends all streams; their readers come back elsewhere or later. */
  stop(): Promise<void>;
  readonly readers: number;
  /** Asks anew who the readers are and what they may do, where that has changed. */
  recheck(): Promise<void>;
}

export interface LiveRouteOptions {
  readonly events: LiveEventRing;
  readonly clock: Clock;
  readonly admit: Admit;
  /** Who reads, and what they may do now. */
  readonly callerOf: (request: FastifyRequest) => Caller;
  readonly heartbeatMs?: number;
  /** Bytes that a reader may leave unread. */
  readonly queueBytesMax?: number;
}

export function registerLiveEvents(app: FastifyInstance, options: LiveRouteOptions): LiveRoutes {
  const { events, clock, heartbeatMs = 15_000, queueBytesMax = 262_144 } = options;
  const streams = new Map<ServerResponse, FastifyRequest>();
  const stopping = new AbortController();

  function write(stream: ServerResponse, text: string): void {
    if (stream.writableEnded) return;
    if (stream.writableLength > queueBytesMax) stream.destroy();
    else stream.write(text);
  }

  /**
   * Ends the stream of a reader who signed out or was disabled; all others see that we live. One who may do something
   * else by now is told so: what they were shown may not be theirs to see any more.
   */
  async function pulse(stream: ServerResponse, request: FastifyRequest): Promise<void> {
    const before = accessText(options.callerOf(request));
    try {
      await options.admit(request);
    } catch (error) {
      if (error instanceof PiculusError && !error.retryable) {
        stream.end();
        return;
      }
    }
    if (accessText(options.callerOf(request)) !== before) write(stream, 'event: access\ndata: {}\n\n');
    // It keeps proxies from closing the stream, and a page sees that the stream is not half open.
    write(stream, 'event: beat\ndata: {}\n\n');
  }

  async function recheck(): Promise<void> {
    await Promise.all([...streams].map(([stream, request]) => pulse(stream, request)));
  }

  async function beat(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(heartbeatMs, stopping.signal);
      await recheck();
    }
  }
  const beating = beat();

  app.route({
    ...LIVE_ROUTE,
    // A stream without a body would only stay open.
    exposeHeadRoute: false,
    handler: (request, reply) => {
      reply.hijack();
      const stream = reply.raw;
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) stream.setHeader(name, value);
      stream.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'keep-alive',
        'x-accel-buffering': 'no',
      });
      streams.set(stream, request);
      const told = (event: NumberedEvent): string => format(event, options.callerOf(request));
      const unsubscribe = events.subscribe(
        (event) => {
          const text = told(event);
          if (text !== '') write(stream, text);
        },
        () => write(stream, `id: ${events.lastId}\nevent: reset\ndata: {}\n\n`),
      );
      stream.on('close', () => {
        unsubscribe();
        streams.delete(stream);
      });
      // Reading what was missed and subscribing happen without a pause between, so nothing is lost or doubled.
      write(stream, opening(events, request.headers['last-event-id'], told));
      if (stopping.signal.aborted) stream.end();
    },
  });

  return {
    recheck,
    get readers() {
      return streams.size;
    },
    async stop() {
      stopping.abort();
      for (const stream of streams.keys()) stream.end();
      await beating;
    },
  };
}

const accessText = (reader: Caller): string => JSON.stringify(accessOf(reader));

/** Empty where it is not for the reader. */
function format(numbered: NumberedEvent, reader: Caller): string {
  const event = visibleTo(numbered, reader);
  return event === null ? '' : `id: ${numbered.id}\nevent: change\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What a new reader gets first: where it stands, and what it missed. */
function opening(
  events: LiveEventRing,
  lastId: string | string[] | undefined,
  told: (event: NumberedEvent) => string,
): string {
  const start = `retry: 2000\nid: ${events.lastId}\nevent: hello\ndata: {}\n\n`;
  if (typeof lastId !== 'string' || lastId === '') return start;
  const missed = events.since(lastId);
  if (missed === null) return `retry: 2000\nid: ${events.lastId}\nevent: reset\ndata: {}\n\n`;
  return `retry: 2000\n\n${missed.map(told).join('')}`;
}
