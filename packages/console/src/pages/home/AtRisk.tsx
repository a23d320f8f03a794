/** Value at risk by currency and by who is out of pocket while the problems stand. */
import { Table, Text, VisuallyHidden } from '@mantine/core';
import { OUT_OF_POCKET } from '@piculus/protocol';
import type { ProblemCount } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount } from '../../parts/Amount.tsx';
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
                <th scope="col">{words('pocketLabel')}</th>
                {rows.map(({ currency }) => (
                  <th key={currency} scope="col" data-align="right">
                    {currency}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {OUT_OF_POCKET.map((pocket) => (
                <tr key={pocket}>
                  <th scope="row">{words(`pocket.${pocket}`)}</th>
                  {rows.map(({ currency, byPocket }) => (
                    <td key={currency} data-align="right">
                      <Value
                        minor={byPocket[pocket]}
                        currency={currency}
                        to={problemsLink({ outOfPocket: pocket, currency, state: OPEN })}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t('total')}</th>
                {rows.map(({ currency, total }) => (
                  <td key={currency} data-align="right">
                    <Value minor={total} currency={currency} to={problemsLink({ currency, state: OPEN })} />
                  </td>
                ))}
              </tr>
            </tfoot>
          </Table>
        </Scrollable>
      )}
    </Section>
  );
}

function Value({ minor, currency, to }: { minor: string | null; currency: string; to: string }) {
  if (minor === null) return <span className="home-zero">–</span>;
  return (
    <Link to={to}>
      <Amount minor={minor} currency={currency} />
    </Link>
  );
}
