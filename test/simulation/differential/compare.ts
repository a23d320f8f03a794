/** Runs the same steps on several engines and tells the first difference. */
import { isDeepStrictEqual } from 'node:util';
import type { Tx } from '../../../packages/server/src/store/database.ts';
import { canonical, refusal, unordered } from './canonical.ts';
import type { Dump, Engine } from './engines.ts';
import type { Call, Step } from './operations.ts';

export interface Difference {
  /** The place of the step. */
  readonly step: number;
  readonly call: string;
  readonly what: 'answer' | 'rows';
  readonly told: readonly { readonly engine: string; readonly said: unknown }[];
}

class RolledBack extends Error {}

/** What each call of the step answered; the first refusal ends the step. */
async function run(engine: Engine, { calls, end }: Step): Promise<unknown[]> {
  const answers: unknown[] = [];
  const refuse = (error: unknown): unknown[] =>
    error instanceof RolledBack ? answers : [...answers, refusal(error)];
  const work = async (tx: Tx): Promise<void> => {
    answers.length = 0;
    for (const call of calls) answers.push(await answerOf(call, tx));
    if (end === 'roll back') throw new RolledBack();
  };
  return engine.transaction(work).then(() => answers, refuse);
}

async function answerOf(call: Call, tx: Tx): Promise<unknown> {
  const answer = canonical(await call.run(tx));
  return call.unordered ? unordered(answer) : answer;
}

export interface Comparison {
  readonly engines: readonly Engine[];
  readonly steps: readonly Step[];
  /** Rows are compared after every step, or only after the last one. */
  readonly dumps: 'each' | 'last';
  /** Told of every call that ran and whether it was refused. */
  readonly onCall?: (name: string, refused: boolean) => void;
}

/** @returns null where all engines say the same. */
export async function firstDifference({
  engines,
  steps,
  dumps,
  onCall,
}: Comparison): Promise<Difference | null> {
  await Promise.all(engines.map((engine) => engine.reset()));
  for (const [place, step] of steps.entries()) {
    const answers = await Promise.all(engines.map((engine) => run(engine, step)));
    const [expected] = answers;
    for (const [index, answer] of (expected ?? []).entries())
      onCall?.(step.calls[index]?.name ?? '', isRefusal(answer));
    const said = step.calls.findIndex((_, index) =>
      answers.some((answer) => !isDeepStrictEqual(answer[index], expected?.[index])),
    );
    if (said !== -1) {
      const told = engines.map(({ name }, index) => ({ engine: name, said: answers[index]?.[said] }));
      return { step: place, call: step.calls[said]?.name ?? '', what: 'answer', told };
    }
    if (answers.some((answer) => answer.some(isRefusal))) await evenOut(engines);
    if (dumps === 'last' && place < steps.length - 1) continue;
    const rows = await differentRows(engines);
    if (rows !== null)
      return { step: place, call: step.calls.map(({ name }) => name).join(' + '), what: 'rows', told: rows };
  }
  return null;
}

/** How many values of its sequences a statement uses up that fails, no database promises. */
async function evenOut(engines: readonly Engine[]): Promise<void> {
  const last = new Map<string, bigint>();
  for (const sequences of await Promise.all(engines.map((engine) => engine.sequences()))) {
    for (const [name, value] of sequences) if (value > (last.get(name) ?? 0n)) last.set(name, value);
  }
  await Promise.all(engines.map((engine) => engine.setSequences(last)));
}

const isRefusal = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'refused' in answer;

/** Of all tables only those that differ, and of them only the rows that not everybody has. */
async function differentRows(engines: readonly Engine[]): Promise<Difference['told'] | null> {
  const dumps = await Promise.all(engines.map((engine) => engine.dump()));
  const [first] = dumps;
  if (first === undefined || dumps.every((dump) => isDeepStrictEqual(dump, first))) return null;
  const tables = [...new Set(dumps.flatMap((dump) => Object.keys(dump)))].sort();
  const different = tables.filter((table) =>
    dumps.some((dump) => !isDeepStrictEqual(dump[table], first[table])),
  );
  return engines.map(({ name }, place) => {
    const dump = dumps[place] ?? {};
    const others = dumps.filter((_, other) => other !== place);
    return {
      engine: name,
      said: Object.fromEntries(different.map((table) => [table, own(dump, others, table)])),
    };
  });
}

function own(dump: Dump, others: readonly Dump[], table: string): unknown {
  const rows = dump[table];
  if (rows === undefined) return 'no such table';
  return rows.filter(
    (row) => !others.every((other) => other[table]?.some((its) => isDeepStrictEqual(its, row))),
  );
}

function describe(call: Call): string {
  const args = Object.entries(call.args).map(
    ([name, value]) => `${name}: ${JSON.stringify(canonical(value))}`,
  );
  return `${call.name}(${args.join(', ')})`;
}

/** The steps as a person reads them, one call to a line. */
export function listed(steps: readonly Step[]): string {
  return steps
    .flatMap(({ calls, end }, place) => {
      const many = calls.length > 1 || end === 'roll back';
      const lines = calls.map((call) => `${many ? '  ' : ''}${describe(call)}`);
      return many ? [`${place + 1}. begin`, ...lines, `  ${end}`] : [`${place + 1}. ${lines.join('')}`];
    })
    .join('\n');
}

export function told({ step, call, what, told }: Difference): string {
  const sides = told.map(({ engine, said }) => `  ${engine}: ${JSON.stringify(said)}`);
  return [`Different ${what} after step ${step + 1}, ${call}:`, ...sides].join('\n');
}
