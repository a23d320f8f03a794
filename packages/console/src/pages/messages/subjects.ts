/** Which orders and problems a message speaks of, whatever its type. Pure. */

export interface Subject {
  /** Row id of the problem, where the message names it. */
  readonly problemId: string | null;
  /** Order number, where the message names it. */
  readonly businessKey: string | null;
}

/** What came from outside may be nested as deep as it likes. */
const DEPTH_MAX = 12;

/** @returns each once, in the order of the message. */
export function subjectsOf(payload: unknown): readonly Subject[] {
  const found = new Map<string, Subject>();
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
    if (Array.isArray(value)) {
      for (const each of value) walk(each, depth + 1);
      return;
    }
    const { problemId, businessKey } = Object.fromEntries(Object.entries(value));
    const subject = {
      problemId: typeof problemId === 'string' && /^[0-9]+$/.test(problemId) ? problemId : null,
      businessKey: typeof businessKey === 'string' && businessKey !== '' ? businessKey : null,
    };
    if (subject.problemId !== null || subject.businessKey !== null) {
      const key = `${subject.problemId ?? ''} ${subject.businessKey ?? ''}`;
      if (!found.has(key)) found.set(key, subject);
    }
    for (const each of Object.values(value)) walk(each, depth + 1);
  };
  walk(payload, 0);
  return [...found.values()];
}
