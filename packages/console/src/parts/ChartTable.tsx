/** The figures of a chart as a table. */
import { Table, VisuallyHidden } from '@mantine/core';
import { Link } from 'react-router';
import type { ChartProps } from './Chart.tsx';
import type { ChartSeries } from './chart-options.ts';

export function ChartTable({ label, slotLabel, figures, linkOf }: ChartProps) {
  const { slots, series, format } = figures;
  const cell = ({ key, values }: ChartSeries, slot: number) => {
    const value = values[slot] ?? null;
    if (value === null) return '–';
    const to = value === 0 ? undefined : linkOf?.(key, slot);
    return to === undefined ? format(value) : <Link to={to}>{format(value)}</Link>;
  };
  return (
    <Table>
      <caption>
        <VisuallyHidden>{label}</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          <th scope="col">{slotLabel}</th>
          {series.map(({ key, name }) => (
            <th key={key} scope="col" data-align="right">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {slots.map((slot, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: slots are known by their place alone.
          <tr key={place}>
            <th scope="row">{slot}</th>
            {series.map((one) => (
              <td key={one.key} data-align="right">
                {cell(one, place)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
