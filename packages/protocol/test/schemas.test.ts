/** The published schemas are not stale, and say the same as the source they are made from. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LIMITS } from '../src/index.ts';
import { publishedFiles } from '../src/publish/index.ts';
import { bodySchemas, goldenMessages, ORIGINS, type Origin, wholeSchema } from './golden.ts';

const folder = fileURLToPath(new URL('../schemas/', import.meta.url));
const ajv = new Ajv({ allErrors: false, strict: false, validateFormats: false });
const compiled = new Map<string, ValidateFunction>();

function validator(origin: Origin, type: string): ValidateFunction {
  const path = `${origin}/${type}.json`;
  const known = compiled.get(path);
  if (known !== undefined) return known;
  const validate = ajv.compile(
    z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(folder + path, 'utf8'))),
  );
  compiled.set(path, validate);
  return validate;
}

describe('the files in schemas/', () => {
  it('are what the source says; "node packages/protocol/scripts/schemas.mjs" writes them', () => {
    const present = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.json'),
    );
    const expected = publishedFiles();
    expect(present.sort()).toEqual([...expected.keys()].sort());
    for (const [path, text] of expected) expect(readFileSync(folder + path, 'utf8'), path).toBe(text);
  });

  it('has an AsyncAPI document whose references all lead somewhere', () => {
    const text = readFileSync(`${folder}asyncapi.json`, 'utf8');
    const document: unknown = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(60);
    for (const reference of references) {
      if (reference.startsWith('./')) expect(publishedFiles().has(reference.slice(2)), reference).toBe(true);
      else expect(follow(document, reference), reference).toBeDefined();
    }
  });
});

function follow(document: unknown, reference: string): unknown {
  let place = document;
  for (const step of reference.replace('#/', '').split('/')) {
    const parsed = z.record(z.string(), z.unknown()).safeParse(place);
    place = parsed.success ? parsed.data[step] : undefined;
  }
  return place;
}

/** Values that break something: wrong kinds, limits and just beyond them. */
const broken = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, '', 'X', '01', '-0', 'c1', [], {}, ['x'], {
    a: 1,
  }),
  fc.constantFrom(
    'a'.repeat(64),
    'a'.repeat(65),
    'A'.repeat(33),
    '订'.repeat(128),
    '😀'.repeat(65),
    '😀'.repeat(129),
    'a'.repeat(LIMITS.textLength + 1),
  ),
  fc.constantFrom(
    '2026-02-29T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2026-11-22',
    '2026-11-22T10:00:00+08:00',
    '2026-11-22T24:00:00Z',
  ),
  fc.constant(Object.fromEntries(Array.from({ length: LIMITS.factFields + 1 }, (_, n) => [`f${n}`, n]))),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Mutation {
  readonly pick: number;
  readonly act: 'replace' | 'remove' | 'add';
  readonly value: unknown;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  pick: fc.nat(10_000),
  act: fc.constantFrom('replace', 'replace', 'remove', 'add'),
  value: broken,
});

/** Every object and list of a value, outermost first. */
function containers(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(containers)];
}

function mutate(message: unknown, { pick, act, value }: Mutation): unknown {
  const changed: unknown = structuredClone(message);
  const places = containers(changed).flatMap((place) => Object.keys(place).map((key) => ({ place, key })));
  const chosen = places[pick % places.length];
  if (chosen === undefined) return changed;
  if (act === 'add') Reflect.set(chosen.place, 'surplus', value);
  else if (act === 'remove' && !Array.isArray(chosen.place)) Reflect.deleteProperty(chosen.place, chosen.key);
  else Reflect.set(chosen.place, chosen.key, value);
  return changed;
}

describe.each(ORIGINS)('JSON Schema and source agree on messages %s', (origin) => {
  it.each(Object.keys(bodySchemas(origin)))('%s', (type) => {
    const validate = validator(origin, type);
    const schema = wholeSchema(origin, type);
    const examples = goldenMessages(origin)
      .filter((golden) => golden.type === type)
      .map(({ text }): unknown => JSON.parse(text));
    for (const example of examples) expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
    fc.assert(
      fc.property(
        fc.constantFrom(...examples),
        fc.array(mutation, { minLength: 1, maxLength: 2 }),
        (example, mutations) => {
          const message = mutations.reduce<unknown>(mutate, example);
          // Text that is not Unicode was refused before any schema is asked.
          fc.pre(JSON.stringify(message).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(message)));
          expect(validate(message), JSON.stringify(message)).toBe(schema?.safeParse(message).success);
        },
      ),
      { numRuns: 500 },
    );
  });
});
