/** Masks the facts of a record before they leave the process, and brings them within the protocol's limits. */
import {
  compiledSchema,
  type Facts,
  factsSchema,
  LIMITS,
  type SideName,
  SIDES,
  type SideFacts,
} from '@piculus/protocol';
import { hidePersonal, maskValue, NOTHING_PERSONAL, PersonalValues } from './mask.ts';
import { boundText, storable } from './text.ts';

/** Which fields are personal: `payee` on any side, `order.counterparty` on one. */
export type PersonalFields = readonly string[];

export interface MaskedFacts {
  readonly facts: Facts;
  /** The personal values that were found, for scrubbing texts about the same record. */
  readonly personal: PersonalValues;
  /** The facts that leave as they are, so that texts may quote them. */
  readonly harmless: readonly string[];
}

export const NO_FACTS = { facts: null, personal: NOTHING_PERSONAL, harmless: [] } as const;

/**
 * @throws TypeError when an entry is not a field name or `side.field`; it names the entry.
 */
export function checkPersonalFields(fields: PersonalFields, where: string): void {
  for (const field of fields) {
    const [first, second, ...more] = field.split('.');
    const isSide = SIDES.some((side) => side === first);
    if (!first || more.length > 0 || (second !== undefined && (!isSide || second === ''))) {
      throw new TypeError(`${where}: "${field}" is neither a field nor order., ledger. or bank. and a field`);
    }
  }
}

/** Whether this field, for instance `order.payee`, is one of those. */
export function isPersonalField(fields: PersonalFields, field: string): boolean {
  const name = field.slice(field.indexOf('.') + 1);
  return fields.includes(name) || fields.includes(field);
}

/** Which fields of each side are personal, for asking it of many facts. */
export type PersonalTable = Readonly<Record<SideName, ReadonlySet<string>>>;

export function personalTable(fields: PersonalFields): PersonalTable {
  const ofSide = (side: SideName): ReadonlySet<string> =>
    new Set([
      ...fields,
      ...fields.filter((field) => field.startsWith(`${side}.`)).map((field) => field.slice(side.length + 1)),
    ]);
  return { order: ofSide('order'), ledger: ofSide('ledger'), bank: ofSide('bank') };
}

/** As `personalTable` of what is personal for every fix and for one, made once for each fix. */
export function personalTables(
  always: PersonalFields,
): (fix: { readonly personal?: PersonalFields }) => PersonalTable {
  const known = new WeakMap<object, PersonalTable>();
  return (fix) => {
    const table = known.get(fix) ?? personalTable([...always, ...(fix.personal ?? [])]);
    known.set(fix, table);
    return table;
  };
}

const checkedFacts = compiledSchema(factsSchema);

/** @throws ZodError when the facts do not have the protocol's shape. */
export function maskFacts(facts: Facts, table: PersonalTable): MaskedFacts {
  const masked = maskUnchecked(facts, table);
  const { personal } = masked;
  const harmless = valuesOf(facts, (side, field) => !table[side].has(field));
  return {
    facts: checkedFacts().parse(masked.facts),
    personal,
    harmless: personal.noDigits
      ? harmless
      : harmless.filter((text) => !personal.sharesDigitsWith(text.replace(/\D/g, ''))),
  };
}

/** As `maskFacts`, for a caller that checks the shape of what the facts are a part of and writes no texts about it. */
export function maskUnchecked(facts: Facts, table: PersonalTable): Pick<MaskedFacts, 'facts' | 'personal'> {
  const found = valuesOf(facts, (side, field) => table[side].has(field));
  const personal = found.length === 0 ? NOTHING_PERSONAL : new PersonalValues(found);
  const maskSide = (side: SideName): SideFacts => {
    const { state, source, observedAt, fields } = facts[side];
    return {
      state: boundText(state, LIMITS.codeLength),
      source: boundText(source, LIMITS.codeLength),
      observedAt,
      fields: maskFields(fields, table[side], personal),
    };
  };
  return {
    facts: { order: maskSide('order'), ledger: maskSide('ledger'), bank: maskSide('bank') },
    personal,
  };
}

/** The texts of those values that say something. */
function valuesOf(facts: Facts, wanted: (side: SideName, field: string) => boolean): string[] {
  const texts: string[] = [];
  for (const side of SIDES) {
    const { fields } = facts[side];
    for (const field of Object.keys(fields)) {
      const value = fields[field];
      if (value === null || typeof value === 'boolean' || !wanted(side, field)) continue;
      texts.push(String(value));
    }
  }
  return texts;
}

type FactFields = SideFacts['fields'];
type FactValue = FactFields[string];

function maskFields(fields: FactFields, secret: ReadonlySet<string>, personal: PersonalValues): FactFields {
  const masked: Record<string, FactValue> = {};
  for (const [field, value] of Object.entries(fields).slice(0, LIMITS.factFields)) {
    // Written to, this name would change what the object is; the protocol refuses it.
    if (field !== '__proto__') masked[field] = maskFact(value, secret.has(field), personal);
  }
  return masked;
}

function maskFact(value: FactValue, isPersonal: boolean, personal: PersonalValues): FactValue {
  if (value === null) return value;
  if (isPersonal) return storable(maskValue(String(value)));
  if (typeof value === 'string')
    return boundText(personal.none ? value : hidePersonal(storable(value), personal), LIMITS.factTextLength);
  if (
    typeof value === 'number' &&
    !personal.noDigits &&
    personal.sharesDigitsWith(String(value).replace(/\D/g, ''))
  ) {
    return maskValue(String(value));
  }
  return value;
}
