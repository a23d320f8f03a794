/** What the request would do, as it was when it was asked for. */
import { Text } from '@mantine/core';
import type { Approval, ApprovalPreview } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount, Amounts } from '../../parts/Amount.tsx';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { FilterWords } from '../../parts/FilterWords.tsx';
import { wholeNumber } from '../../parts/format.ts';
import { Scenario } from '../../parts/Scenario.tsx';
import { Section } from '../../parts/Section.tsx';
import { Postings } from '../problem/Postings.tsx';
import { Impact } from '../solutions/Impact.tsx';
import '../problem/problem.css';
import '../solutions/solutions.css';
import { valueText } from './subject.ts';

type Sampled = ApprovalPreview['sample'][number];
type Changed = ApprovalPreview['changes'][number] & { readonly key: string };

export function Would({ request: { command, preview } }: { request: Approval }) {
  const { t } = useTranslation('approvals');
  const { problems, amounts, sample, plan, changes, impact } = preview;
  return (
    <Section title={t('would')} lead={t('wouldLead')}>
      <div className="approvals-would">
        {problems > 0 && (
          <p className="approvals-sum">
            <strong>{t('problems', { count: problems })}</strong> <Amounts of={amounts} />
          </p>
        )}
        {command.kind === 'run-matching' && <FilterWords filter={command.filter} />}
        {sample.length > 0 && <Sample of={sample} more={problems > sample.length} />}
        {plan !== null && <Plan plan={plan} currency={sample[0]?.currency ?? 'CNY'} />}
        {changes.length > 0 && <Changes of={changes} />}
        {impact !== null && (
          <>
            <h3 className="approvals-heading">{t('impact')}</h3>
            <Impact of={impact} />
          </>
        )}
      </div>
    </Section>
  );
}

function Sample({ of, more }: { of: readonly Sampled[]; more: boolean }) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const columns: readonly Column<Sampled>[] = [
    {
      key: 'order',
      header: common('businessKey'),
      cell: ({ problemId, businessKey, sysCode }) => (
        <div className="approvals-stack">
          <Link className="business-key" to={`/problems/${problemId}`}>
            {businessKey}
          </Link>
          <span className="approvals-note">{sysCode}</span>
        </div>
      ),
    },
    {
      key: 'scenario',
      header: common('scenario'),
      cell: ({ scenario }) => <Scenario of={scenario} />,
    },
    {
      key: 'amount',
      header: common('amount'),
      align: 'right',
      cell: ({ amountMinor, currency }) => <Amount minor={amountMinor} currency={currency} />,
    },
  ];
  return (
    <>
      {more && <h3 className="approvals-heading">{t('largest', { number: wholeNumber(of.length) })}</h3>}
      <DataTable
        caption={t('largestCaption')}
        columns={columns}
        rows={of}
        rowKey={({ problemId }) => problemId}
        empty={null}
      />
    </>
  );
}

function Plan({ plan, currency }: { plan: NonNullable<ApprovalPreview['plan']>; currency: string }) {
  const { t } = useTranslation('approvals');
  const { verdict, steps, reason, facts } = plan;
  return (
    <>
      <h3 className="approvals-heading">{t('plan')}</h3>
      {verdict === 'act' ? (
        <>
          <p>{t('planWould', { number: wholeNumber(steps.length), reason })}</p>
          <Postings steps={steps} facts={facts} currency={currency} />
        </>
      ) : (
        <p>
          {t('planNot')} <OutcomeBadge outcome={verdict} /> {reason}
        </p>
      )}
    </>
  );
}

function Changes({ of }: { of: ApprovalPreview['changes'] }) {
  const { t } = useTranslation('approvals');
  const rows = of.map((change) => ({ ...change, key: `${change.what} ${change.field}` }));
  const columns: readonly Column<Changed>[] = [
    {
      key: 'field',
      header: t('field'),
      cell: ({ what, field }) => (
        <div className="approvals-stack">
          <code>{field}</code>
          <span className="approvals-note">{what}</span>
        </div>
      ),
    },
    {
      key: 'from',
      header: t('from'),
      cell: ({ from }) => <del className="approvals-value">{valueText(from)}</del>,
    },
    { key: 'to', header: t('to'), cell: ({ to }) => <ins className="approvals-value">{valueText(to)}</ins> },
  ];
  return (
    <>
      <h3 className="approvals-heading">{t('changes')}</h3>
      <DataTable
        caption={t('changesCaption')}
        columns={columns}
        rows={rows}
        rowKey={({ key }) => key}
        empty={<Text>–</Text>}
      />
    </>
  );
}
