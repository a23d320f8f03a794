/** The only place here that reads the time or waits. */
export interface CliClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: CliClock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
