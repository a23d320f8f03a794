/** Masks the facts of a record before they leave the process, and brings them within the protocol's limits. */
import { type Facts, factsSchema, LIMITS, SIDES, type SideFacts } from '@piculus/protocol';
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

/** @throws ZodError when the facts do not have the protocol's shape. */
export function maskFacts(facts: Facts, fields: PersonalFields): MaskedFacts {
  const masked = maskUnchecked(facts, fields);
  return { ...masked, facts: factsSchema.parse(masked.facts) };
}

/** As `maskFacts`, for a caller that checks the shape of what the facts are a part of. */
export function maskUnchecked(facts: Facts, fields: PersonalFields): MaskedFacts {
  const names = new Set(fields);
  const isPersonal = (side: string, field: string): boolean =>
    names.has(field) || names.has(`${side}.${field}`);
  const found: string[] = [];
  const harmless: string[] = [];
  for (const side of SIDES) {
    for (const [field, value] of Object.entries(facts[side].fields)) {
      if (value === null || typeof value === 'boolean') continue;
      (isPersonal(side, field) ? found : harmless).push(String(value));
    }
  }
  const personal = new PersonalValues(found);
  const maskSide = (side: (typeof SIDES)[number]): SideFacts => {
    const { state, source, observedAt, fields: values } = facts[side];
    const masked = Object.entries(values)
      .slice(0, LIMITS.factFields)
      .map(([field, value]) => [field, maskFact(value, isPersonal(side, field), personal)] as const);
    return {
      state: boundText(state, LIMITS.codeLength),
      source: boundText(source, LIMITS.codeLength),
      observedAt,
      fields: Object.fromEntries(masked),
    };
  };
  return {
    facts: { order: maskSide('order'), ledger: maskSide('ledger'), bank: maskSide('bank') },
    personal,
    harmless: harmless.filter((text) => !personal.sharesDigitsWith(text.replace(/\D/g, ''))),
  };
}

type FactValue = SideFacts['fields'][string];

function maskFact(value: FactValue, isPersonal: boolean, personal: PersonalValues): FactValue {
  if (value === null) return value;
  if (isPersonal) return storable(maskValue(String(value)));
  if (typeof value === 'string')
    return boundText(hidePersonal(storable(value), personal), LIMITS.factTextLength);
  if (typeof value === 'number' && personal.sharesDigitsWith(String(value).replace(/\D/g, ''))) {
    return maskValue(String(value));
  }
  return value;
}
