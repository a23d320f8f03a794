/**
 * What an execution came to. Named, ordered, never renumbered: a number that was once given keeps its
 * meaning for ever, because it stands in stored executions.
 */
export interface OutcomeRule {
  /** Stable number, for clients that prefer numbers. */
  readonly number: number;
  /** Whether executing again could end differently. */
  readonly retryHelps: boolean;
  /** Whether this outcome uses one of the solution's retries. */
  readonly usesRetry: boolean;
  readonly meaning: { readonly en: string; readonly zh: string };
}

export const OUTCOMES = {
  fixed: {
    number: 1,
    retryHelps: false,
    usesRetry: false,
    meaning: { en: 'repaired, read again and right', zh: '已修复，复核无误' },
  },
  'already-right': {
    number: 2,
    retryHelps: false,
    usesRetry: false,
    meaning: { en: 'was right already', zh: '数据已正确' },
  },
  'not-this-problem': {
    number: 3,
    retryHelps: false,
    usesRetry: false,
    meaning: { en: 'the facts changed; it is no longer this problem', zh: '事实已变化，不再是此问题' },
  },
  'not-yet': {
    number: 4,
    retryHelps: true,
    usesRetry: false,
    meaning: { en: 'a side is not final yet; asked again at the next tick', zh: '尚无定论，下次触发再查' },
  },
  failed: {
    number: 5,
    retryHelps: true,
    usesRetry: true,
    meaning: { en: 'did not work this time, may work later', zh: '本次失败，可重试' },
  },
  refused: {
    number: 6,
    retryHelps: false,
    usesRetry: false,
    meaning: { en: 'a machine must not decide this; a person must', zh: '机器不得处理，须人工决定' },
  },
  unknown: {
    number: 7,
    retryHelps: true,
    usesRetry: true,
    meaning: { en: 'delivered, but no answer came before the deadline', zh: '已下发，截止前无应答' },
  },
} as const satisfies Record<string, OutcomeRule>;

export type Outcome = keyof typeof OUTCOMES;
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as [Outcome, ...Outcome[]];

/** The outcomes a client may report; `unknown` is the server's own word for silence. */
export type ReportedOutcome = Exclude<Outcome, 'unknown'>;
export const REPORTED_OUTCOME_NAMES = OUTCOME_NAMES.filter((name) => name !== 'unknown') as [
  ReportedOutcome,
  ...ReportedOutcome[],
];
