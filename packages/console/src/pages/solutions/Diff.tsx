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
      <Table.Caption>
        <VisuallyHidden>{caption}</VisuallyHidden>
      </Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t('diffField')}</Table.Th>
          <Table.Th scope="col">{before.name}</Table.Th>
          <Table.Th scope="col">{after.name}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {fields.map((name) => (
          <Table.Tr key={name}>
            <Table.Th scope="row">{t(`field.${name}`)}</Table.Th>
            <Table.Td>
              <del>{show(name, before.of)}</del>
            </Table.Td>
            <Table.Td>
              <ins>{show(name, after.of)}</ins>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
