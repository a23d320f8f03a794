/** Compiled statements, kept by their text. */
import type { Control, Definition } from './ast.ts';
import type { Catalog } from './catalog.ts';
import { type CompiledQuery, compileQuery } from './compile-query.ts';
import { parseStatements } from './parse-statement.ts';
import { Scope } from './scope.ts';

export type Plan =
  | {
      readonly kind: 'query';
      readonly query: CompiledQuery;
      readonly command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
    }
  | { readonly kind: 'define'; readonly definition: Definition }
  | { readonly kind: 'control'; readonly control: Control };

/** Each statement is compiled only when it is run, because one may define what the next one needs. */
export function* plansOf(catalog: Catalog, sql: string): Generator<Plan> {
  const known = catalog.plans.get(sql);
  if (known !== undefined) {
    yield* known;
    return;
  }
  const made: Plan[] = [];
  for (const statement of parseStatements(sql)) {
    const plan: Plan = statement.kind === 'query' ? queryPlan(catalog, statement.query) : statement;
    made.push(plan);
    yield plan;
  }
  if (made.every(({ kind }) => kind !== 'define')) catalog.plans.set(sql, made);
}

function queryPlan(catalog: Catalog, query: Parameters<typeof compileQuery>[1]): Plan {
  const commands = { insert: 'INSERT', update: 'UPDATE', delete: 'DELETE' } as const;
  const { kind } = query.body;
  const command = kind === 'insert' || kind === 'update' || kind === 'delete' ? commands[kind] : 'SELECT';
  return { kind: 'query', query: compileQuery(new Scope(catalog, null), query), command };
}
