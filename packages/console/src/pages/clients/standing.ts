/** Which servers are worth telling of, and how each stands. Pure. */
import type { Node } from '@piculus/protocol/http';

export type Standing = 'working' | 'draining' | 'stopped' | 'lost';

export function standingOf({ state, goneBecause }: Pick<Node, 'state' | 'goneBecause'>): Standing {
  if (state !== 'gone') return state;
  return goneBecause === 'silent' ? 'lost' : 'stopped';
}

/** One server that works is nothing to tell. One that stopped as it was asked to is told only beside others. */
export function serversToShow(nodes: readonly Node[]): readonly Node[] {
  const standing = nodes.map(standingOf);
  const here = standing.filter((each) => each === 'working' || each === 'draining').length;
  return here > 1 || standing.includes('lost') ? nodes : [];
}
