/** Order, ledger and bank side by side. What contradicts or has changed is told by a sign, words and a ground. */
import { Text } from '@mantine/core';
import type { Facts, SideFacts, SideName } from '@piculus/protocol';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { FactText, rowsInOrder, useFieldName, useSourceName, useStateName } from './FactText.tsx';
import {
  contradictedRows,
  type Difference,
  type FactValue,
  repeatsState,
  SIDE_NAMES,
  STATE_ROW,
  unplaced,
} from './facts.ts';
import { listed } from './format.ts';
import { Time } from './Time.tsx';
import './sides.css';

export interface SidesProps {
  readonly facts: Facts;
  /** For amounts that name no currency of their own. */
  readonly currency: string;
  /** `side.field`, as reported. */
  readonly contradictions?: readonly string[];
  /** What differs from an earlier reading. */
  readonly changed?: readonly Difference[];
  /** Level of the headings of the three sides. */
  readonly headings?: 3 | 4;
}

export function Sides({ facts, currency, contradictions = [], changed = [], headings = 3 }: SidesProps) {
  const { t } = useTranslation('problem');
  const others = unplaced(contradictions, facts);
  return (
    <div>
      <div className="sides">
        {SIDE_NAMES.map((side) => (
          <Side
            key={side}
            name={side}
            facts={facts[side]}
            currency={currency}
            marked={contradictedRows(contradictions, side, facts[side].fields)}
            changed={changed.filter((each) => each.side === side)}
            headings={headings}
          />
        ))}
      </div>
      {others.length > 0 && (
        <Text size="sm" className="sides-others">
          {t('sides.other', { list: listed(others) })}
        </Text>
      )}
    </div>
  );
}

interface SideProps {
  readonly name: SideName;
  readonly facts: SideFacts;
  readonly currency: string;
  readonly marked: ReadonlySet<string>;
  readonly changed: readonly Difference[];
  readonly headings: 3 | 4;
}

function Side({ name, facts, currency, marked, changed, headings }: SideProps) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  const fieldName = useFieldName();
  const stateName = useStateName();
  const sourceName = useSourceName();
  const Heading = `h${headings}` as const;
  const own = facts.fields['currency'];
  const unit = typeof own === 'string' ? own : currency;
  const differenceIn = (row: string): Difference | undefined => changed.find((each) => each.row === row);
  const gone = changed.filter((each) => each.after === undefined);
  const shown = (row: string, value: FactValue): ReactNode => (
    <FactText name={row} value={value} currency={unit} />
  );
  return (
    <div className="side">
      <Heading className="side-name">{words(`side.${name}`)}</Heading>
      <dl className="side-rows">
        <SideRow
          name={t('sides.state')}
          marked={marked.has(STATE_ROW)}
          was={wasOf(differenceIn(STATE_ROW), (value) => stateName(name, String(value)))}
        >
          <strong>{stateName(name, facts.state)}</strong>
        </SideRow>
        {rowsInOrder(Object.entries(facts.fields), marked)
          .filter(([row]) => !repeatsState(row, facts))
          .map(([row, value]) => (
            <SideRow
              key={row}
              name={fieldName(row)}
              marked={marked.has(row)}
              was={wasOf(differenceIn(row), (before) => shown(row, before))}
            >
              {shown(row, value)}
            </SideRow>
          ))}
        {gone.map(({ row, before }) => (
          <SideRow key={row} name={fieldName(row)} marked={false} was={shown(row, before ?? null)}>
            {t('sides.absent')}
          </SideRow>
        ))}
        <SideRow name={t('sides.source')} marked={false} was={null}>
          {sourceName(facts.source)}
        </SideRow>
        <SideRow name={t('sides.observed')} marked={false} was={null}>
          <Time at={facts.observedAt} />
        </SideRow>
      </dl>
    </div>
  );
}

function wasOf(difference: Difference | undefined, show: (value: FactValue) => ReactNode): ReactNode {
  return difference === undefined ? null : show(difference.before ?? null);
}

function SideRow(props: { name: string; marked: boolean; was: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('problem');
  return (
    <div className="side-row" data-marked={props.marked} data-changed={props.was !== null}>
      <dt>{props.name}</dt>
      <dd>
        {props.children}
        {props.marked && (
          <span className="side-mark">
            <span aria-hidden="true">≠ </span>
            {t('sides.contradicts')}
          </span>
        )}
        {props.was !== null && (
          <span className="side-was">
            <span aria-hidden="true">Δ </span>
            {t('sides.was', { value: '' })}
            {props.was}
          </span>
        )}
      </dd>
    </div>
  );
}
