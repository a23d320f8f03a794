import { type FeedReach, LIMITS, SIDES } from '@piculus/protocol';
import { boundText } from '../masking/text.ts';

/** Several collectors look at the same side: it reaches as far as the least of them says. */
export function mergeFeeds(feeds: readonly FeedReach[]): FeedReach[] {
  return SIDES.flatMap((side) => {
    const [first, ...others] = feeds.filter((feed) => feed.side === side);
    return first ? [others.reduce(lesser, first)] : [];
  });
}

function lesser(one: FeedReach, other: FeedReach): FeedReach {
  const notes = [...new Set([one.note, other.note].filter((note) => note !== undefined))];
  return {
    side: one.side,
    reachesTo: earlier(one.reachesTo, other.reachesTo),
    complete: one.complete && other.complete,
    ...(notes.length > 0 ? { note: boundText(notes.join('; '), LIMITS.textLength) } : {}),
  };
}

/** A feed that does not say how far it reaches reaches nowhere. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null;
  return new Date(one).getTime() <= new Date(other).getTime() ? one : other;
}
