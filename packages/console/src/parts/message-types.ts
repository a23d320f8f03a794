/** Types of messages that have a name in words; a newer one is shown as the protocol calls it. */
const NAMED = [
  'hello',
  'heartbeat',
  'problems',
  'collect-progress',
  'collect-done',
  'fix-results',
  'preview-result',
  'revealed',
  'welcome',
  'collect',
  'cancel-collect',
  'fix',
  'preview',
  'reveal',
  'server-keys',
  'halt',
  'halted',
  'leaving',
  'unreadable',
  'ack',
  'error',
] as const;
export type NamedType = (typeof NAMED)[number];

export function namedType(type: string): NamedType | undefined {
  return NAMED.find((named) => named === type);
}
