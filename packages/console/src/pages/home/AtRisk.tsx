/** Value at risk by currency and by who is out of pocket while the problems stand. */
import { Table, Text, VisuallyHidden } from '@mantine/core';
import { OUT_OF_POCKET } from '@piculus/protocol';
import type { ProblemCount } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { amountFigure } from '../../parts/format.ts';
import { Scrollable } from '../../parts/Scrollable.tsx';
import { Section } from '../../parts/Section.tsx';
import { OPEN, problemsLink, riskRows } from './figures.ts';

export function AtRisk({ open }: { open: readonly ProblemCount[] }) {
  const { t } = useTranslation('home');
  const { t: words } = useTranslation('words');
  const rows = riskRows(open);
  return (
    <Section title={t('byPocket')} lead={t('byPocketLead')}>
      {rows.length === 0 ? (
        <Text>{t('nothingOpen')}</Text>
      ) : (
        <Scrollable label={t('byPocket')}>
          <Table className="home-table">
            <caption>
              <VisuallyHidden>{t('byPocket')}</VisuallyHidden>
            </caption>
            <thead>
              <tr>
                <th scope="col">{t('currency')}</th>
                {OUT_OF_POCKET.map((pocket) => (
                  <th key={pocket} scope="col" data-align="right">
                    {words(`pocket.${pocket}`)}
                  </th>
                ))}
                <th scope="col" data-align="right">
                  {t('total')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ currency, byPocket, total }) => (
                <tr key={currency}>
                  <th scope="row">{currency}</th>
                  {OUT_OF_POCKET.map((pocket) => (
                    <td key={pocket} data-align="right">
                      <Value
                        minor={byPocket[pocket]}
                        currency={currency}
                        to={problemsLink({ outOfPocket: pocket, currency, state: OPEN })}
                      />
                    </td>
                  ))}
                  <td data-align="right">
                    <Value minor={total} currency={currency} to={problemsLink({ currency, state: OPEN })} />
                  </td>
                </tr>
              ))}
            </tbody>
          </Table>
        </Scrollable>
      )}
    </Section>
  );
}

function Value({ minor, currency, to }: { minor: string | null; currency: string; to: string }) {
  if (minor === null) return <span className="home-zero">–</span>;
  return (
    <Link className="home-number" to={to}>
      {amountFigure(minor, currency)}
    </Link>
  );
}
