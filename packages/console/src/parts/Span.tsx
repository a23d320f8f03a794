/** Spans of time: how long something took, or has been going on, which goes on by itself. */
import { milliseconds } from './format.ts';
import { useSpan, useSpanSince } from './Time.tsx';

/** Short spans with their fraction, long ones in words. */
export function Span({ ms }: { ms: number }) {
  const words = useSpan(ms);
  return <span className="number">{ms < 60_000 ? milliseconds(Math.max(0, Math.round(ms))) : words}</span>;
}

/** Since that moment, new every second. */
export function Elapsed({ since }: { since: string }) {
  const words = useSpanSince(Date.parse(since));
  return (
    <span className="number" aria-live="off">
      {words}
    </span>
  );
}
