/**
 * A list as a table: real table semantics, sideways scrolling kept inside, rows as cards on a phone. Clicking a row
 * opens it; the link in its first cell does the same for keys and screen readers.
 */
import { Checkbox, Table, VisuallyHidden } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import type { MouseEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Loading } from './Loading.tsx';
import { Notice } from './Notice.tsx';

export interface Column<Row> {
  readonly key: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: 'right';
  /** Left out where rows are cards. */
  readonly hideOnPhone?: boolean;
}

export interface Selection {
  readonly selected: ReadonlySet<string>;
  readonly onChange: (selected: ReadonlySet<string>) => void;
}

export interface DataTableProps<Row> {
  /** What the table lists, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  /** Undefined while nothing has arrived. */
  readonly rows: readonly Row[] | undefined;
  readonly rowKey: (row: Row) => string;
  /** Names a row in words, for its checkbox. */
  readonly rowName?: (row: Row) => string;
  readonly selection?: Selection;
  readonly onOpen?: (row: Row) => void;
  /** The row that is open beside the list. */
  readonly openKey?: string | null;
  readonly error?: ApiError | null;
  readonly onRetry?: () => void;
  /** Shown in place of rows where there are none. */
  readonly empty: ReactNode;
  /** Below the rows: the pager. */
  readonly footer?: ReactNode;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { t } = useTranslation();
  const { rows, error } = props;
  if (error && rows === undefined)
    return (
      <Notice
        error={error}
        title={t('failedLoad')}
        {...(props.onRetry === undefined ? {} : { onRetry: props.onRetry })}
      />
    );
  if (rows === undefined) return <Loading />;
  return (
    <div className="data">
      {error && <Notice error={error} title={t('failedLoad')} />}
      {rows.length === 0 ? props.empty : <Rows {...props} rows={rows} />}
      {props.footer}
    </div>
  );
}

function Rows<Row>(props: DataTableProps<Row> & { rows: readonly Row[] }) {
  const { t } = useTranslation();
  const { columns, rows, rowKey, selection } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
    <section className="data-scroll" tabIndex={0} aria-label={t('scrollable', { name: props.caption })}>
      {/* The roles are said again because a phone shows the table as blocks, which would end its semantics. */}
      <Table role="table" className="data-table">
        <caption>
          <VisuallyHidden>{props.caption}</VisuallyHidden>
        </caption>
        <thead role="rowgroup">
          <tr role="row">
            {selection !== undefined && (
              <th role="columnheader" scope="col" className="data-check">
                <CheckAll keys={rows.map(rowKey)} selection={selection} />
              </th>
            )}
            {columns.map(({ key, header, align }) => (
              <th key={key} role="columnheader" scope="col" data-align={align}>
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <Row key={rowKey(row)} row={row} table={props} />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function Row<T>({ row, table }: { row: T; table: DataTableProps<T> }) {
  const { t } = useTranslation();
  const { selection, onOpen } = table;
  const key = table.rowKey(row);
  const chosen = selection?.selected.has(key) ?? false;
  const open = (event: MouseEvent<HTMLTableRowElement>): void => {
    // Links and controls inside do their own; marking text is no click.
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('a,button,input,label,summary') || window.getSelection()?.toString()) return;
    onOpen?.(row);
  };
  return (
    <tr
      role="row"
      onClick={onOpen === undefined ? undefined : open}
      data-openable={onOpen !== undefined}
      data-open={table.openKey === key}
      data-selected={chosen}
    >
      {selection !== undefined && (
        <td role="cell" className="data-check">
          <Checkbox
            size="xs"
            checked={chosen}
            onChange={() => selection.onChange(toggled(selection.selected, key))}
            aria-label={t('selectRow', { name: table.rowName?.(row) ?? key })}
          />
        </td>
      )}
      {table.columns.map((column) => (
        <td
          key={column.key}
          role="cell"
          data-align={column.align}
          data-label={column.header}
          data-hide-on-phone={column.hideOnPhone}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function CheckAll({ keys, selection }: { keys: readonly string[]; selection: Selection }) {
  const { t } = useTranslation();
  const chosen = keys.filter((key) => selection.selected.has(key)).length;
  const all = chosen === keys.length;
  const change = (): void => {
    const next = new Set(selection.selected);
    for (const key of keys) {
      if (all) next.delete(key);
      else next.add(key);
    }
    selection.onChange(next);
  };
  return (
    <Checkbox
      size="xs"
      checked={all}
      indeterminate={chosen > 0 && !all}
      onChange={change}
      aria-label={t('selectAllOnPage')}
    />
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}
