/** Names of types, as the columns and casts of the store use them. */
import type { Reader } from './reader.ts';

const NAMES: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  int4: 'int4',
  smallint: 'int4',
  int2: 'int4',
  bigint: 'int8',
  int8: 'int8',
  numeric: 'numeric',
  decimal: 'numeric',
  float8: 'float8',
  real: 'float8',
  text: 'text',
  varchar: 'text',
  uuid: 'text',
  inet: 'text',
  regclass: 'text',
  name: 'text',
  char: 'text',
  boolean: 'bool',
  bool: 'bool',
  timestamptz: 'timestamptz',
  timestamp: 'timestamptz',
  date: 'date',
  interval: 'interval',
  json: 'jsonb',
  jsonb: 'jsonb',
  bytea: 'bytea',
  record: 'record',
  trigger: 'trigger',
  void: 'void',
  xid8: 'int8',
  oid: 'int8',
};

/** Reads the name of a type. Lengths and precisions are left out: our values never come near them. */
export function typeName(reader: Reader): string {
  const first = reader.name();
  let type: string;
  if (first === 'double') {
    reader.expectWords('precision');
    type = 'float8';
  } else if (
    first === 'timestamp' &&
    (reader.words('with', 'time', 'zone') || reader.words('without', 'time', 'zone'))
  ) {
    type = 'timestamptz';
  } else {
    let name = first;
    while (reader.operator('.')) name = reader.name();
    type = NAMES[name] ?? `row:${name}`;
  }
  if (reader.isOperator('(') && reader.peek(1).kind === 'number') {
    while (!reader.operator(')')) reader.next();
  }
  while (reader.operator('[')) {
    reader.expect(']');
    type = `${type}[]`;
  }
  return type;
}

export const isArray = (type: string): boolean => type.endsWith('[]');
export const elementOf = (type: string): string => (isArray(type) ? type.slice(0, -2) : 'unknown');

const RANKS = ['int4', 'int8', 'numeric', 'float8'];
export const isNumber = (type: string): boolean => RANKS.includes(type);
/** The wider of two types of numbers. */
export const wider = (a: string, b: string): string => (RANKS.indexOf(a) >= RANKS.indexOf(b) ? a : b);
