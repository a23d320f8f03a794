/** What one check found, in plain words. */
export interface Finding {
  /** Short and stable, for programs. */
  readonly check: string;
  /** `note` could not be looked at, or needs nobody; only `wrong` fails the command. */
  readonly verdict: 'good' | 'note' | 'warning' | 'wrong';
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const good = (check: string, text: string): Finding => ({ check, verdict: 'good', text });
export const note = (check: string, text: string): Finding => ({ check, verdict: 'note', text });
export const warning = (check: string, text: string, advice: string): Finding => ({
  check,
  verdict: 'warning',
  text,
  advice,
});
export const wrong = (check: string, text: string, advice: string): Finding => ({
  check,
  verdict: 'wrong',
  text,
  advice,
});
