import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseStatements } from './src/store/parse-statement.ts';
import { parseProcedure } from './src/store/parse-procedure.ts';

const FOLDER = new URL('../../packages/server/migrations/', import.meta.url);

describe('the parser of the simulated database', () => {
  it.each(readdirSync(FOLDER).filter((name) => name.endsWith('.sql')))('reads %s', (name) => {
    const found = parseStatements(readFileSync(new URL(name, FOLDER), 'utf8'));
    expect(found.length).toBeGreaterThan(0);
    for (const statement of found) {
      if (statement.kind !== 'define' || statement.definition.kind !== 'create-function') continue;
      const { language, body } = statement.definition;
      if (language === 'plpgsql') expect(parseProcedure(body).steps.length).toBeGreaterThan(0);
      else expect(parseStatements(body).length).toBeGreaterThan(0);
    }
  });
});
