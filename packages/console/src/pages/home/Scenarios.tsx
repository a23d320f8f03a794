/** Open problems as a matrix: which scenario, in which state, worth how much. */
import { Table, VisuallyHidden } from '@mantine/core';
import type { ProblemCount } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Empty } from '../../parts/Empty.tsx';
import type { CurrencyAmount } from '../../parts/chosen.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Scenario } from '../../parts/Scenario.tsx';
import { Scrollable } from '../../parts/Scrollable.tsx';
import { Section } from '../../parts/Section.tsx';
import {
  amountsOf,
  byState,
  OPEN,
  OPEN_STATES,
  problemsLink,
  problemsOf,
  type ScenarioCode,
  STATE_FILTERS,
  scenarioRows,
} from './figures.ts';
import { SomeAmounts } from './SomeAmounts.tsx';

export function Scenarios({ open }: { open: readonly ProblemCount[] }) {
  const { t } = useTranslation('home');
  const rows = scenarioRows(open);
  return (
    <Section className="home-scenarios" title={t('byScenario')} lead={t('byScenarioLead')}>
      {rows.length === 0 ? (
        <Empty title={t('nothingOpen')}>{t('nothingOpenLead')}</Empty>
      ) : (
        <Matrix open={open} />
      )}
    </Section>
  );
}

function Matrix({ open }: { open: readonly ProblemCount[] }) {
  const { t } = useTranslation('home');
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  return (
    <Scrollable label={t('byScenario')}>
      <Table className="home-table home-matrix">
        <caption>
          <VisuallyHidden>{t('byScenario')}</VisuallyHidden>
        </caption>
        <thead>
          <tr>
            <th scope="col" className="home-matrix-name">
              {common('scenario')}
            </th>
            {OPEN_STATES.map((state) => (
              <th key={state} scope="col" data-align="right">
                {words(`state.${state}`)}
              </th>
            ))}
            <th scope="col" data-align="right">
              {t('total')}
            </th>
            <th scope="col" data-align="right" className="home-table-value">
              {t('value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {scenarioRows(open).map((row) => (
            <tr key={row.scenario}>
              <th scope="row">
                <Scenario of={row.scenario} />
              </th>
              <Cells scenario={row.scenario} states={row.byState} problems={row.problems} />
              <td data-align="right" className="home-table-value">
                <Values of={row.amounts} scenario={row.scenario} />
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('total')}</th>
            <Cells scenario={null} states={byState(open)} problems={problemsOf(open)} />
            <td data-align="right" className="home-table-value">
              <Values of={amountsOf(open)} scenario={null} />
            </td>
          </tr>
        </tfoot>
      </Table>
    </Scrollable>
  );
}

interface CellsProps {
  /** Null: all. */
  readonly scenario: ScenarioCode | null;
  readonly states: ReturnType<typeof byState>;
  readonly problems: number;
}

function Cells({ scenario, states, problems }: CellsProps) {
  return (
    <>
      {OPEN_STATES.map((state) => (
        <td key={state} data-align="right">
          <Figure value={states[state]} to={problemsLink({ scenario, state: STATE_FILTERS[state] })} />
        </td>
      ))}
      <td data-align="right">
        <Figure value={problems} to={problemsLink({ scenario, state: OPEN })} />
      </td>
    </>
  );
}

function Values({ of, scenario }: { of: readonly CurrencyAmount[]; scenario: ScenarioCode | null }) {
  return (
    <SomeAmounts
      of={of}
      most={4}
      link={(currency, amount) => (
        <Link className="home-value" to={problemsLink({ scenario, currency, state: OPEN })}>
          {amount}
        </Link>
      )}
    />
  );
}

/** Nothing is no link: it would lead to an empty list, and zeros should not draw the eye. */
function Figure({ value, to }: { value: number; to: string }) {
  if (value === 0) return <span className="home-zero">0</span>;
  return (
    <Link className="home-number" to={to}>
      {wholeNumber(value)}
    </Link>
  );
}
