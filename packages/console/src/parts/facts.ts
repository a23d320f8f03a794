/** The facts of the three sides: which rows contradict each other, and what differs between two readings. */
import type { Facts, SideFacts, SideName } from '@piculus/protocol';

export const SIDE_NAMES = ['order', 'ledger', 'bank'] as const satisfies readonly SideName[];
/** The row of a side's own state, beside the rows of its fields. */
export const STATE_ROW = 'state';
export type FactValue = SideFacts['fields'][string];

/** What a contradiction calls the side's own state. */
const STATE_WORDS: readonly string[] = ['status', 'state', 'fact'];
/** A contradiction names what differs; these are the fields that clients show it in. */
const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  amount: ['amountMinor', 'currency'],
  account: ['accountNo'],
  payee: ['counterparty', 'currentCounterparty'],
};

/** @returns the rows of the side that contradict another side, `state` for the side's own state. */
export function contradictedRows(
  contradictions: readonly string[],
  side: SideName,
  fields: SideFacts['fields'],
): ReadonlySet<string> {
  const rows = new Set<string>();
  for (const contradiction of contradictions) {
    const [of, name = ''] = split(contradiction);
    if (of !== side) continue;
    const found = placesOf(name, fields);
    for (const row of found) rows.add(row);
  }
  return rows;
}

/** @returns the contradictions that no row shows, as they were reported. */
export function unplaced(contradictions: readonly string[], facts: Facts): string[] {
  return contradictions.filter((contradiction) => {
    const [of, name = ''] = split(contradiction);
    const side = SIDE_NAMES.find((each) => each === of);
    return side === undefined || placesOf(name, facts[side].fields).length === 0;
  });
}

function placesOf(name: string, fields: SideFacts['fields']): readonly string[] {
  if (STATE_WORDS.includes(name)) return [STATE_ROW];
  const known = Object.hasOwn(FIELDS_OF, name) ? FIELDS_OF[name] : undefined;
  return [name, ...(known ?? [])].filter((field) => Object.hasOwn(fields, field));
}

function split(contradiction: string): [string, string?] {
  const dot = contradiction.indexOf('.');
  return dot < 0 ? [contradiction] : [contradiction.slice(0, dot), contradiction.slice(dot + 1)];
}

/** A field that only says the side's state once more. */
export function repeatsState(name: string, { state, fields }: SideFacts): boolean {
  return STATE_WORDS.includes(name) && fields[name] === state;
}

export interface Difference {
  readonly side: SideName;
  /** `state` for the side's own state. */
  readonly row: string;
  /** Undefined where the reading had no such field. */
  readonly before: FactValue | undefined;
  readonly after: FactValue | undefined;
}

/** What the later reading says otherwise. When and from where it was read is no difference. */
export function differences(before: Facts, after: Facts): Difference[] {
  return SIDE_NAMES.flatMap((side) => {
    const was = before[side];
    const is = after[side];
    const found: Difference[] = [];
    if (was.state !== is.state) found.push({ side, row: STATE_ROW, before: was.state, after: is.state });
    for (const row of new Set([...Object.keys(was.fields), ...Object.keys(is.fields)])) {
      if (repeatsState(row, was) && repeatsState(row, is)) continue;
      if (was.fields[row] !== is.fields[row])
        found.push({ side, row, before: was.fields[row], after: is.fields[row] });
    }
    return found;
  });
}
