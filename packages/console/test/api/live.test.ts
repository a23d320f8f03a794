import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followLive, type LiveState } from '../../src/api/live.ts';

/** What a browser gives: a stream whose events come when the test says so, and a page that can be hidden. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static readonly all: Source[] = [];
  readyState = 0;
  constructor() {
    super();
    Source.all.push(this);
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
  say(type: string, data = '{}'): void {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
}
class Page extends EventTarget {
  visibilityState = 'visible';
  show(state: 'visible' | 'hidden'): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  Source.all.length = 0;
  page = new Page();
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', globalThis);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function follow() {
  const states: LiveState[] = [];
  const changes: string[][] = [];
  const accesses: string[] = [];
  let refused = 0;
  const end = followLive({
    onStatus: ({ state }) => states.push(state),
    onChange: (topics) => changes.push([...topics].sort()),
    onAccess: (known) => accesses.push(known),
    onRefused: () => {
      refused += 1;
    },
  });
  const open = (): Source => {
    const source = Source.all.at(-1);
    if (source === undefined) throw new Error('no stream was opened');
    return source;
  };
  return { states, changes, accesses, end, open, refused: () => refused };
}

const change = (topic: string): string =>
  JSON.stringify({ topic, sysCode: null, ids: [], more: false, at: '2026-11-22T08:00:00.000Z' });

it('gathers what changes and tells it at most twice a second', () => {
  const { changes, open, end } = follow();
  open().say('hello');
  for (let n = 0; n < 500; n += 1) open().say('change', change(n % 2 ? 'problems' : 'messages'));
  expect(changes).toEqual([]);
  vi.advanceTimersByTime(500);
  expect(changes).toEqual([['messages', 'problems']]);
  end();
});

it('tells at once that the person may do something else', () => {
  const { accesses, open, end } = follow();
  open().say('hello');
  expect(accesses).toEqual([]);
  open().say('access', '{}');
  expect(accesses).toEqual(['changed']);
  // Opened anew: it may have been told meanwhile.
  open().say('hello');
  expect(accesses).toEqual(['changed', 'unknown']);
  end();
});

it('opens a stream that falls silent again, and one that was never answered', () => {
  const { states, open, end } = follow();
  const first = open();
  vi.advanceTimersByTime(40_000);
  expect(first.readyState).toBe(Source.CLOSED);
  expect(states).toEqual(['connecting', 'lost']);
  vi.advanceTimersByTime(1_000);
  expect(Source.all.length).toBe(2);
  open().say('hello');
  vi.advanceTimersByTime(39_000);
  open().say('beat');
  vi.advanceTimersByTime(39_000);
  expect(Source.all.length).toBe(2);
  expect(states.at(-1)).toBe('live');
  end();
});

it('says that it was refused where the stream is answered with an error, and tries again', () => {
  const { open, refused, end } = follow();
  open().readyState = Source.CLOSED;
  open().say('error');
  expect(refused()).toBe(1);
  vi.advanceTimersByTime(500);
  expect(Source.all.length).toBe(2);
  end();
});

it('leaves it to the browser to come back where the connection broke', () => {
  const { states, open, refused, end } = follow();
  open().say('hello');
  open().say('error');
  expect(states.at(-1)).toBe('lost');
  vi.advanceTimersByTime(10_000);
  expect(Source.all.length).toBe(1);
  expect(refused()).toBe(0);
  end();
});

it('lets go of the stream while nobody sees the page, and reads all again afterwards', () => {
  const { states, changes, open, end } = follow();
  open().say('hello');
  page.show('hidden');
  vi.advanceTimersByTime(4_000);
  page.show('visible');
  vi.advanceTimersByTime(10_000);
  expect(Source.all.length).toBe(1);
  expect(open().readyState).not.toBe(Source.CLOSED);

  page.show('hidden');
  vi.advanceTimersByTime(100_000);
  expect(open().readyState).toBe(Source.CLOSED);
  expect(Source.all.length).toBe(1);
  expect(states.at(-1)).toBe('asleep');
  page.show('visible');
  expect(Source.all.length).toBe(2);
  open().say('hello');
  vi.advanceTimersByTime(500);
  expect(states.at(-1)).toBe('live');
  expect(changes.at(-1)).toContain('problems');
  end();
});

it('opens no stream for a page that was opened behind another one, and leaves no timer behind', () => {
  page.visibilityState = 'hidden';
  const { open, end } = follow();
  vi.advanceTimersByTime(100_000);
  expect(Source.all.length).toBe(0);
  page.show('visible');
  open().say('change', change('problems'));
  end();
  expect(vi.getTimerCount()).toBe(0);
  page.show('hidden');
  expect(vi.getTimerCount()).toBe(0);
});
