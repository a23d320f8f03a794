import { type FeedReach, LIMITS, SIDES } from '@piculus/protocol';
import { boundText } from '../masking/text.ts';

/** Several collectors look at the same side: it reaches as far as the least of them says. */
export function mergeFeeds(feeds: readonly FeedReach[]): FeedReach[] {
  return SIDES.flatMap((side) => {
    const ofSide = feeds.filter((feed) => feed.side === side);
    if (ofSide.length === 0) return [];
    const notes = new Set(ofSide.flatMap(({ note }) => (note === undefined ? [] : [note])));
    const merged: FeedReach = {
      side,
      reachesTo: ofSide.map(({ reachesTo }) => reachesTo).reduce(earlier),
      complete: ofSide.every(({ complete }) => complete),
    };
    return notes.size === 0
      ? [merged]
      : [{ ...merged, note: boundText([...notes].join('; '), LIMITS.textLength) }];
  });
}

/** A feed that does not say how far it reaches reaches nowhere. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null;
  return new Date(one).getTime() <= new Date(other).getTime() ? one : other;
}
