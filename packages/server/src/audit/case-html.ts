/**
 * A case file as a page that a browser prints. It has no script and no style of its own, and everything that comes
 * from outside is text.
 */
import { formatDecimalAmount } from '@piculus/protocol';
import type { CaseFile } from '@piculus/protocol/http';
import { rowDigest } from './encoding.ts';
import { type CaseLanguage, caseWords, type CaseWord } from './case-words.ts';

export const CASE_STYLE_PATH = '/case-file.css';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// Characters that turn the direction of the text around them would make it read differently from what it is.
const TURNS = /[\u202A-\u202E\u2066-\u2069\u200E\u200F]/g;
const text = (value: unknown): string =>
  String(value ?? '')
    .replace(TURNS, (turn) => `\\u${turn.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
const code = (value: unknown): string => `<code>${text(value)}</code>`;
const json = (value: unknown): string =>
  value === null || value === undefined ? '' : `<pre>${text(JSON.stringify(value, null, 1))}</pre>`;

/** @param stylesheet where the page finds its style, for instance CASE_STYLE_PATH. */
export function renderCaseFile(file: CaseFile, language: CaseLanguage, stylesheet: string): string {
  const word = caseWords(language);
  const title = `${word('caseFile')} ${text(file.problem.businessKey)}`;
  const sections = [
    summary(file, word, language),
    facts(file, word),
    solutions(file, word),
    executions(file, word),
    acts(file, word),
    history(file, word),
    messages(file, word),
    proof(file, word),
  ];
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<link rel="stylesheet" href="${text(stylesheet)}"></head>
<body><main>
<h1>${title}</h1>
<p>${word('madeAt')} ${text(file.madeAt)} · ${word('madeBy')} ${text(file.madeBy)}</p>
${sections.join('\n')}
</main></body></html>
`;
}

type Word = (word: CaseWord) => string;

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>\n${body}</section>`;
}

/** @param rows cells that are HTML already. */
function table(word: Word, heads: readonly CaseWord[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `<p>${word('none')}</p>`;
  const head = heads.map((one) => `<th scope="col">${word(one)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

const money = (minor: string, currency: string): string =>
  text(`${formatDecimalAmount(BigInt(minor), currency)} ${currency}`);

function summary({ problem }: CaseFile, word: Word, language: CaseLanguage): string {
  const rows: readonly (readonly [CaseWord, string])[] = [
    ['businessKey', text(problem.businessKey)],
    ['system', text(problem.sysCode)],
    ['fixCode', text(problem.fixCode)],
    ['scenario', text(`${problem.scenario} ${problem.sentence[language === 'en' ? 'en' : 'zh']}`)],
    ['state', text(problem.state)],
    ['amount', money(problem.amountMinor, problem.currency)],
    ['occurredAt', text(problem.occurredAt)],
    ['firstSeenAt', text(problem.firstSeenAt)],
    ['lastSeenAt', text(problem.lastSeenAt)],
    ['attempts', text(problem.attempts)],
  ];
  const items = rows.map(([name, value]) => `<dt>${word(name)}</dt><dd>${value}</dd>`);
  return section(word('problem'), `<dl>${items.join('\n')}</dl>`);
}

function facts({ problem }: CaseFile, word: Word): string {
  const rows = (['order', 'ledger', 'bank'] as const).map((side) => {
    const { state, source, observedAt, fields } = problem.facts[side];
    return [word(side), text(state), text(source), text(observedAt), json(fields)];
  });
  const told = problem.contradictions.map(text).join(', ');
  const contradictions = told === '' ? '' : `<p>${word('contradictions')}: ${told}</p>`;
  return section(
    word('facts'),
    table(word, ['side', 'state', 'source', 'observedAt', 'fields'], rows) + contradictions,
  );
}

function solutions(file: CaseFile, word: Word): string {
  const rows = file.solutions.map((one) => [
    text(one.version),
    text(one.status),
    text(one.executionMode),
    text(`${one.retryCron} ${one.timeZone}`),
    text(one.maxRetries),
    text(one.changedAt),
    text(one.changedBy),
  ]);
  const heads = ['version', 'status', 'mode', 'cron', 'retries', 'changedAt', 'changedBy'] as const;
  return section(word('solutions'), table(word, heads, rows));
}

function executions({ problem }: CaseFile, word: Word): string {
  const rows = problem.executions.map((one) => [
    text(one.attempt),
    text(one.finishedAt),
    text(one.trigger),
    text(one.clientId),
    text(one.outcome),
    text(one.reason),
    money(one.movedMinor, problem.currency),
    json(one.effects.length === 0 ? null : one.effects),
  ]);
  const heads = [
    'attempt',
    'finishedAt',
    'trigger',
    'client',
    'outcome',
    'reason',
    'moved',
    'effects',
  ] as const;
  return section(word('executions'), table(word, heads, rows));
}

function acts(file: CaseFile, word: Word): string {
  const rows = file.acts.map((one) => [
    text(one.at),
    text(one.actor),
    text(one.via),
    text(one.from),
    text(one.act),
    text(one.reason),
    json({
      ...one.detail,
      ...(one.before && { before: one.before }),
      ...(one.after && { after: one.after }),
    }),
  ]);
  return section(word('acts'), table(word, ['at', 'actor', 'via', 'from', 'act', 'reason', 'detail'], rows));
}

function history({ problem }: CaseFile, word: Word): string {
  const rows = problem.history.map((one) => [
    text(one.at),
    text(one.actor),
    text(one.act),
    text(one.reason),
    json(one.detail),
  ]);
  return section(word('history'), table(word, ['at', 'actor', 'act', 'reason', 'detail'], rows));
}

function messages(file: CaseFile, word: Word): string {
  const rows = file.messages.map((one) => [
    text(one.at),
    text(one.direction),
    text(one.type),
    text(one.clientId),
    text(one.state),
    json(one.payload),
  ]);
  return section(
    word('messages'),
    table(word, ['at', 'direction', 'type', 'client', 'state', 'payload'], rows),
  );
}

function proof({ proof }: CaseFile, word: Word): string {
  const hashes = new Map(proof.blocks.map(({ number, hash }) => [number, hash]));
  const rows = proof.rows.map((row) => [
    text(`${row.source} ${row.id}`),
    code(rowDigest(row.source, row.names, row).toString('hex')),
    row.block === null ? word('notYet') : `${text(row.block)} ${code(hashes.get(row.block))}`,
  ]);
  const checkpoints = proof.checkpoints.map((one) => [
    text(one.block),
    code(one.hash),
    text(one.signedAt),
    code(one.publicKey),
    code(one.signature),
  ]);
  return section(
    word('proof'),
    `<p>${word('proofLead')}</p>
${table(word, ['row', 'digest', 'block'], rows)}
<h3>${word('checkpoints')}</h3>
${table(word, ['block', 'hash', 'signedAt', 'publicKey', 'signature'], checkpoints)}`,
  );
}

/** Fits A4; long texts break anywhere, and a table goes on over pages with its head. */
export const CASE_STYLE = `:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1c2230; font: 14px/1.45 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #cfd5de; }
dl { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0.25rem 1rem; }
dt { color: #535b69; }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { border: 1px solid #dfe3ea; padding: 0.25rem 0.4rem; text-align: start; vertical-align: top; overflow-wrap: anywhere; unicode-bidi: isolate; }
th { background: #f4f6f9; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8rem; }
code { font-size: 0.75rem; overflow-wrap: anywhere; }
@page { size: A4; margin: 15mm; }
@media print {
  body { font-size: 9pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
}
`;
