/** Why running work is asked to stop. Put into the abort signal as its reason. */
export type GiveUpCause =
  /** The server gave the work to somebody else, or took it back. */
  | 'lease-lost'
  /** The client stops and its time for finishing is over. */
  | 'stopping'
  /** The work took longer than the options allow. */
  | 'too-slow'
  | 'cancelled';

export class GiveUp extends Error {
  override readonly name = 'GiveUp';
  readonly why: GiveUpCause;

  constructor(why: GiveUpCause) {
    super(`gives up: ${why}`);
    this.why = why;
  }
}

export function gaveUpBecause(signal: AbortSignal): GiveUpCause {
  return signal.reason instanceof GiveUp ? signal.reason.why : 'cancelled';
}
