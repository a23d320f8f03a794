/**
 * Live events as server-sent events. A reader resumes with `Last-Event-ID`; one that was away for too long, or
 * comes from before a restart, gets a `reset` first and reads again what it shows. A reader that does not keep
 * up is cut off: it resumes by itself.
 */
import type { ServerResponse } from 'node:http';
import { PiculusError } from '@piculus/protocol';
import { API_PREFIX } from '@piculus/protocol/http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.ts';
import type { LiveEventRing, NumberedEvent } from '../events/live-events.ts';

export const LIVE_ROUTE = {
  method: 'GET',
  url: `${API_PREFIX}/events`,
  schema: {
    operationId: 'liveEvents',
    tags: ['monitor'],
    summary: 'Live events (server-sent events); resumable with Last-Event-ID',
  },
} as const;

export interface LiveRoutes {
  /** Ends all streams; their readers come back elsewhere or later. */
  stop(): Promise<void>;
  readonly readers: number;
}

export interface LiveRouteOptions {
  readonly events: LiveEventRing;
  readonly clock: Clock;
  readonly admit: (request: FastifyRequest) => Promise<void>;
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

  /** Ends the stream of a reader who signed out or was disabled; all others see that we live. */
  async function pulse(stream: ServerResponse, request: FastifyRequest): Promise<void> {
    try {
      await options.admit(request);
    } catch (error) {
      if (error instanceof PiculusError && !error.retryable) {
        stream.end();
        return;
      }
    }
    // It keeps proxies from closing the stream, and a page sees that the stream is not half open.
    write(stream, 'event: beat\ndata: {}\n\n');
  }

  async function beat(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(heartbeatMs, stopping.signal);
      await Promise.all([...streams].map(([stream, request]) => pulse(stream, request)));
    }
  }
  const beating = beat();

  app.route({
    ...LIVE_ROUTE,
    // A stream without a body would only stay open.
    exposeHeadRoute: false,
    onRequest: options.admit,
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
      const unsubscribe = events.subscribe((event) => write(stream, format(event)));
      stream.on('close', () => {
        unsubscribe();
        streams.delete(stream);
      });
      // Reading what was missed and subscribing happen without a pause between, so nothing is lost or doubled.
      write(stream, opening(events, request.headers['last-event-id']));
      if (stopping.signal.aborted) stream.end();
    },
  });

  return {
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

function format({ id, event }: NumberedEvent): string {
  return `id: ${id}\nevent: change\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What a new reader gets first: where it stands, and what it missed. */
function opening(events: LiveEventRing, lastId: string | string[] | undefined): string {
  const start = `retry: 2000\nid: ${events.lastId}\nevent: hello\ndata: {}\n\n`;
  if (typeof lastId !== 'string' || lastId === '') return start;
  const missed = events.since(lastId);
  if (missed === null) return `retry: 2000\nid: ${events.lastId}\nevent: reset\ndata: {}\n\n`;
  return `retry: 2000\n\n${missed.map(format).join('')}`;
}
