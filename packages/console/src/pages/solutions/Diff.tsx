/** Two states of a solution, field by field. */
import { Table, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FieldName, SolutionFields } from './fields.ts';
import { useShow } from './show.ts';

export interface DiffProps {
  readonly caption: string;
  readonly fields: readonly FieldName[];
  readonly before: { readonly name: string; readonly of: SolutionFields };
  readonly after: { readonly name: string; readonly of: SolutionFields };
}

export function Diff({ caption, fields, before, after }: DiffProps) {
  const { t } = useTranslation('solutions');
  const show = useShow();
  if (fields.length === 0) return <p className="solutions-aside">{t('noChange')}</p>;
  return (
    <Table className="solutions-diff">
      <caption>
        <VisuallyHidden>{caption}</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('diffField')}</th>
          <th scope="col">{before.name}</th>
          <th scope="col">{after.name}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((name) => (
          <tr key={name}>
            <th scope="row">{t(`field.${name}`)}</th>
            <td>
              <del>{show(name, before.of)}</del>
            </td>
            <td>
              <ins>{show(name, after.of)}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
