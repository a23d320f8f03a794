/** Hints between nodes: "look now" instead of at the next poll. Any of them may be lost. */

export type BusTopic = 'dispatch' | 'collect' | 'solutions' | 'limits' | 'mail';

export interface Bus {
  readonly name: string;
  /** Whether hints go through at the moment; everything works without them, only later. */
  readonly ready: boolean;
  /** Never waits and never throws. Call it after the commit that it is about. */
  notify(topic: BusTopic): void;
  /** @returns what ends the listening. */
  listen(topic: BusTopic, heard: () => void): () => void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Of a node that is the only one. */
export const aloneBus: Bus = {
  name: 'alone',
  ready: true,
  notify: () => {},
  listen: () => () => {},
  start: async () => {},
  stop: async () => {},
};
