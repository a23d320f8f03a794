/** A filter of problems in words: what a bulk action is about, before and after it. */
import { useTranslation } from 'react-i18next';
import './FilterWords.css';
import { filterSaid } from './filter-words.ts';
import { useProblemFields } from './problem-fields.ts';

export function FilterWords({ filter }: { filter: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation();
  const fields = useProblemFields();
  const said = filterSaid(filter, fields, { yes: t('yes'), no: t('no'), from: t('from'), to: t('to') });
  return (
    <dl className="filter-words">
      {said.map(({ label, text }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
