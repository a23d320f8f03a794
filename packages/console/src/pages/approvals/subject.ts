/** What a request is about. Pure. */
import type { Approval, ApprovalCommand } from '@piculus/protocol/http';

interface Place {
  readonly sysCode: string;
  readonly fixCode: string | null;
}

/** @returns the order number or the name of what is changed; empty where the words for it count instead. */
export function subjectOf(
  command: ApprovalCommand,
  preview: Pick<Approval['preview'], 'sample' | 'changes'>,
  placeWords: (place: Place) => string,
): string {
  const [first] = preview.sample;
  switch (command.kind) {
    case 'run':
    case 'reopen':
      return first?.businessKey ?? command.problemId;
    case 'create-solution':
      return placeWords(command.solution);
    case 'change-solution':
    case 'delete-solution':
      return preview.changes[0]?.what ?? command.id;
    case 'set-limits':
      return placeWords(command);
    default:
      return '';
  }
}

/** @returns how many things the command names. */
export function countOf(command: ApprovalCommand, problems: number): number {
  return command.kind === 'import-solutions' ? command.items.length : problems;
}

/** A value of a change as text: texts as they are, the rest as JSON. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
}

/** Where what it was about can be looked at; null where there is no such page. */
export function pageOf(request: Pick<Approval, 'command' | 'bulkRunId'>): {
  readonly kind: 'bulkRun' | 'toProblem' | 'toSolution';
  readonly to: string;
} | null {
  const { command, bulkRunId } = request;
  if (bulkRunId !== null) return { kind: 'bulkRun', to: `/bulk-runs/${bulkRunId}` };
  if (command.kind === 'run' || command.kind === 'reopen')
    return { kind: 'toProblem', to: `/problems/${command.problemId}` };
  if (command.kind === 'change-solution') return { kind: 'toSolution', to: `/solutions/${command.id}` };
  return null;
}
