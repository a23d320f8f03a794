/** How far the chain over acts, reports and executions has come, and whether it holds. */
import { Alert, Button } from '@mantine/core';
import type { ChainFault, ChainReport, ChainStatus } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

export function Chain() {
  const { t } = useTranslation('audit');
  const read = useRead('getAuditChain');
  const verify = useAct('verifyAudit', ['audit']);
  // Who administers some systems only sees their acts, and not the chain over all of them.
  if (read.error?.code === 'not-allowed') return null;
  const button = (
    <Button size="xs" loading={verify.isPending} onClick={() => verify.mutate({ body: {} })}>
      {t('verify')}
    </Button>
  );
  return (
    <Section title={t('chain')} lead={t('chainLead')} actions={button}>
      {verify.error !== null && <Notice error={verify.error} />}
      {read.error !== null && <Notice error={read.error} onRetry={() => void read.refetch()} />}
      {read.data === undefined ? read.error === null && <Loading /> : <Status of={read.data} />}
    </Section>
  );
}

function Status({ of }: { of: ChainStatus }) {
  const { t } = useTranslation('audit');
  const { lastBlock, lastCheckpoint, lastVerification: last, exportedTo } = of;
  const places = [
    exportedTo.file ? t('exportFile') : null,
    exportedTo.receiver ? t('exportReceiver') : null,
  ].filter((place) => place !== null);
  return (
    <>
      <div aria-live="polite">{last !== null && <Verdict report={last} />}</div>
      <dl className="audit-fields">
        <Field name={t('verified')}>
          {last === null ? (
            t('never')
          ) : (
            <>
              <Time at={last.verifiedAt} relative /> {t('by', { who: last.actor })}
            </>
          )}
        </Field>
        <Field name={t('lastBlock')}>
          {lastBlock === null ? (
            t('none')
          ) : (
            <>
              {t('ofBlock', { block: lastBlock.number })} · <Time at={lastBlock.madeAt} relative />
            </>
          )}
        </Field>
        <Field name={t('lastCheckpoint')}>
          {lastCheckpoint === null ? (
            t('none')
          ) : (
            <>
              {t('ofBlock', { block: lastCheckpoint.block })} · <Time at={lastCheckpoint.signedAt} relative />
            </>
          )}
        </Field>
        <Field name={t('waitingRows')}>{wholeNumber(Number(of.waiting))}</Field>
        <Field name={t('exported')}>{places.length === 0 ? t('exportNone') : places.join(', ')}</Field>
        <Field name={t('rights')}>{of.appendOnly ? t('appendOnly') : t('canChange')}</Field>
        <Field name={t('key')}>
          <code>{of.publicKey}</code>
        </Field>
      </dl>
    </>
  );
}

function Verdict({ report }: { report: ChainReport }) {
  const { t } = useTranslation('audit');
  if (report.ok)
    return (
      <p className="audit-good">
        {t('holds', { rows: wholeNumber(report.rows), blocks: wholeNumber(Number(report.blocks)) })}
      </p>
    );
  return (
    <Alert color="red" role="alert" title={t('broken')}>
      <ul className="audit-faults">
        {report.faults.map((fault) => (
          <li key={`${fault.kind} ${fault.block} ${fault.source} ${fault.id}`}>
            <Fault fault={fault} />
          </li>
        ))}
        {report.more && <li>{t('brokenMore')}</li>}
      </ul>
    </Alert>
  );
}

function Fault({ fault: { kind, block, source, id } }: { fault: ChainFault }) {
  const { t } = useTranslation('audit');
  return t(`faults.${kind}`, { block: block ?? '–', row: `${source ?? ''} ${id ?? ''}` });
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
