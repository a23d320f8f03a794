/** Waiting for a state without sleeping: whoever changes it tells, whoever waits looks again. */
export class Signals {
  readonly #waiters = new Set<() => void>();

  tell(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Resolves with the first value that is not null, at once where there is one now. */
  until<T>(read: () => T | null): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const value = read();
        if (value === null) return;
        this.#waiters.delete(look);
        resolve(value);
      };
      this.#waiters.add(look);
      look();
    });
  }
}
