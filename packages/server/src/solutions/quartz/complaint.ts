/** Why an expression is refused, in both languages, with the part of the expression named. */
import type { PartRule } from './fields.ts';

export interface Complaint {
  readonly en: string;
  readonly zh: string;
}

/** Thrown inside the parser only; `checkCron` turns it into a field error. */
export class CronComplaint extends Error {
  override readonly name = 'CronComplaint';
  readonly reason: Complaint;

  constructor(en: string, zh: string) {
    super(en);
    this.reason = { en, zh };
  }
}

/** A complaint about one part, which is named first. */
export function inPart(part: PartRule, en: string, zh: string): CronComplaint {
  return new CronComplaint(`${part.name} field: ${en}`, `“${part.zh}”字段：${zh}`);
}
