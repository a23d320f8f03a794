/** What the rooms tell about their work in figures. Without a listener for them, telling costs nothing. */

export interface Metrics {
  /** One round of a background loop ended: how long it took, in milliseconds, and whether it went well. */
  round(loop: string, ms: number, ok: boolean): void;
}

export const noMetrics: Metrics = {
  round: () => {},
};
