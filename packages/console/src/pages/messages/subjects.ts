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
    const { problemId, businessKey, commandKey } = Object.fromEntries(Object.entries(value));
    const subject = {
      problemId: typeof problemId === 'string' && /^[0-9]+$/.test(problemId) ? problemId : null,
      businessKey: typeof businessKey === 'string' && businessKey !== '' ? businessKey : orderIn(commandKey),
    };
    if (subject.problemId !== null || subject.businessKey !== null) {
      const key = `${subject.problemId ?? ''} ${subject.businessKey ?? ''}`;
      if (!found.has(key)) found.set(key, subject);
    }
    for (const each of Object.values(value)) walk(each, depth + 1);
  };
  walk(payload, 0);
  // The same order named again deeper inside, without its problem, is no second one.
  const subjects = [...found.values()];
  const known = new Set(subjects.flatMap((each) => (each.problemId === null ? [] : [each.businessKey])));
  return subjects.filter(({ problemId, businessKey }) => problemId !== null || !known.has(businessKey));
}

/** The order number of a command key, in which each part is percent-encoded. */
function orderIn(commandKey: unknown): string | null {
  if (typeof commandKey !== 'string') return null;
  const [kind, , , order = '', ...rest] = commandKey.split('/');
  if (kind !== 'cmd' || rest.length !== 1 || order === '') return null;
  try {
    return decodeURIComponent(order);
  } catch {
    return null;
  }
}
