/**
 * Lets the claims of one system take turns, as its lock makes them do anyhow: so they do not hold the connections that
 * results need, and of a thousand clients that were woken for the same work only one hears that there is none left.
 */
import { type FixCommand, LIMITS } from '@piculus/protocol';
import type { Executions, Session } from '../base/services.ts';

export class ClaimTurns {
  readonly #claim: Executions['claim'];
  readonly #turns = new Map<string, Promise<unknown>>();
  /** By system and what its client can fix: when a claim that found nothing had begun. */
  readonly #empty = new Map<string, number>();
  /** Counts what happens here, to tell before from after. */
  #now = 0;

  constructor({ claim }: Pick<Executions, 'claim'>) {
    this.#claim = claim;
  }

  /**
   * As `Executions.claim`, for all places that are free when it is this client's turn. Null also where a claim of the
   * same kind has found nothing that had begun after this one was asked for.
   */
  async claim(session: Session, isDue: boolean): Promise<FixCommand | null> {
    const { sysCode } = session;
    this.#now += 1;
    const askedAt = this.#now;
    const before = this.#turns.get(sysCode) ?? Promise.resolve();
    const mine = before.then(() => this.#inTurn(session, isDue, askedAt));
    const turn = mine.catch(() => {});
    this.#turns.set(sysCode, turn);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(sysCode) === turn) this.#forget(sysCode);
    }
  }

  async #inTurn(session: Session, isDue: boolean, askedAt: number): Promise<FixCommand | null> {
    const kind = kindOf(session);
    const max = Math.min(session.freePlaces, LIMITS.fixesPerMessage);
    if (max < 1 || (this.#empty.get(kind) ?? 0) > askedAt) return null;
    this.#now += 1;
    const begunAt = this.#now;
    const command = await this.#claim(session, max, isDue);
    if (command === null) this.#empty.set(kind, begunAt);
    return command;
  }

  /** Nobody of this system waits, so that nobody's question is older than what was found. */
  #forget(sysCode: string): void {
    this.#turns.delete(sysCode);
    for (const kind of this.#empty.keys()) if (kind.startsWith(`${sysCode} `)) this.#empty.delete(kind);
  }
}

/** System and fix codes have no spaces. */
const kindOf = ({ sysCode, fixes }: Session): string => `${sysCode} ${[...fixes].sort().join(' ')}`;
