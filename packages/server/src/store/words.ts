/** Words that the database keeps as text, checked when they are read. */
import { PiculusError } from '@piculus/protocol';

/** @throws PiculusError `internal` where the database holds a word that this build does not know. */
export function oneOf<T extends string>(words: readonly T[], text: string): T {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw new PiculusError('internal', `the database holds the unknown word "${text}"`);
  return word;
}
