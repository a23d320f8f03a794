/** What was done inside a transaction, with what is to be told once it is committed. */
export interface Done<T> {
  readonly answer: T;
  /** Live events and wake-ups; call after the commit, and never without it. */
  readonly announce: () => void;
}

export function afterwards<T>({ answer, announce }: Done<T>): T {
  announce();
  return answer;
}
