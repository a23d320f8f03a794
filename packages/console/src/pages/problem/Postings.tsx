/** The planned steps as postings: what is booked now, what each step adds, what is booked then. */
import type { Facts, PlanStep } from '@piculus/protocol';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { amount } from '../../parts/format.ts';
import { inLanguage } from '../../parts/words.ts';
import { type Movement, postingsOf } from './postings.ts';

const PLACES = ['available', 'held', 'bank'] as const satisfies readonly (keyof Movement)[];

interface Row {
  readonly key: string;
  readonly what: string;
  readonly text: string;
  readonly movement: Movement | null;
  /** A sum, not something that is added. */
  readonly sum: boolean;
  readonly currency: string;
}

export interface PostingsProps {
  readonly steps: readonly PlanStep[];
  readonly facts: Facts | null;
  readonly currency: string;
}

export function Postings({ steps, facts, currency }: PostingsProps) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  if (steps.length === 0) return <p>{t('preview.noSteps')}</p>;
  const { before, steps: planned, after, still } = postingsOf(steps, facts);
  const rows: Row[] = [
    { key: 'before', what: t('posting.before'), text: '', movement: before, sum: true, currency },
    ...planned.map(({ step, movement }, index) => ({
      key: step.key,
      what: `${index + 1}. ${words(`effect.${step.kind}`)}`,
      text: inLanguage(step.text),
      movement,
      sum: false,
      currency: step.currency,
    })),
    { key: 'after', what: t('posting.after'), text: '', movement: after, sum: true, currency },
  ];
  const money = (key: keyof Movement, header: string): Column<Row> => ({
    key,
    header,
    align: 'right',
    cell: (row) => <Money row={row} of={key} />,
  });
  // Most repairs touch one place; the others would only be columns of nothing.
  const places = PLACES.filter(
    (place) => place === 'available' || rows.some(({ movement }) => (movement?.[place] ?? 0n) !== 0n),
  );
  const columns: Column<Row>[] = [
    { key: 'what', header: t('posting.step'), cell: (row) => <What row={row} /> },
    ...places.map((place) => money(place, t(`posting.${place}`))),
  ];
  return (
    <div className="postings">
      {still && <p>{t('preview.still')}</p>}
      <DataTable
        caption={t('preview.stepsCaption')}
        columns={columns}
        rows={rows}
        rowKey={({ key }) => key}
        empty={null}
      />
    </div>
  );
}

function What({ row: { what, text, sum } }: { row: Row }) {
  return (
    <div className="posting-what">
      <strong data-sum={sum}>{what}</strong>
      {text !== '' && <span className="posting-text">{text}</span>}
    </div>
  );
}

function Money({ row: { movement, sum, currency }, of }: { row: Row; of: keyof Movement }) {
  const { t } = useTranslation('problem');
  if (movement === null) return <span>{t('posting.unknown')}</span>;
  const minor = movement[of];
  // What a step does not touch is left empty, so that what moves stands out.
  if (minor === 0n && !sum) return <span className="posting-none">–</span>;
  const sign = minor > 0n ? '+' : minor < 0n ? '−' : '';
  return (
    <span className="amount" data-sum={sum}>
      {sign}
      {amount((minor < 0n ? -minor : minor).toString(), currency)}
    </span>
  );
}
