/** A new solution: empty, for a fix that a client announced, or like one that is there. */
import { EXECUTION_MODES } from '@piculus/protocol';
import type { Solution } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { DEFAULTS, FORM_FIELDS, type FormField, type SolutionValues, valuesOf } from './fields.ts';
import { SolutionForm } from './SolutionForm.tsx';

export function Component() {
  const { t } = useTranslation('solutions');
  const [params] = useSearchParams();
  const from = params.get('from');
  const source = useRead('getSolution', { params: { id: from ?? '' } }, { enabled: from !== null });
  const ready = from === null || source.data !== undefined || source.isError;
  return (
    <Page title={t('newTitle')} lead={t('newLead')} ready={ready}>
      {source.error !== null && <Notice error={source.error} onRetry={() => void source.refetch()} />}
      {ready ? <NewSolution key={params.toString()} begin={beginning(params, source.data)} /> : <Loading />}
    </Page>
  );
}

/** A copy is for another system, so the system is left to be given. */
function beginning(params: URLSearchParams, source: Solution | undefined): SolutionValues {
  const base = source === undefined ? DEFAULTS : { ...valuesOf(source), sysCode: '' };
  return {
    ...base,
    sysCode: params.get('sysCode') ?? base.sysCode,
    fixCode: params.get('fixCode') ?? base.fixCode,
    executionMode: EXECUTION_MODES.find((mode) => mode === params.get('executionMode')) ?? base.executionMode,
  };
}

function NewSolution({ begin }: { begin: SolutionValues }) {
  const { t } = useTranslation('solutions');
  const [values, setValues] = useState(begin);
  const create = useAct('createSolution', ['solutions', 'problems']);
  const navigate = useNavigate();
  const unsaved = changedFrom(begin, values);
  return (
    <SolutionForm
      values={values}
      onChange={(part) => setValues((old) => ({ ...old, ...part }))}
      fresh
      canSave
      unsaved={unsaved.map((name) => t(`field.${name}`))}
      command={(solution) => ({ kind: 'create-solution', solution })}
      onSave={async (body) => {
        const { id } = await create.mutateAsync({ body });
        await navigate(`/solutions/${id}`, { state: { saved: true } });
      }}
    />
  );
}

function changedFrom(begin: SolutionValues, values: SolutionValues): FormField[] {
  return FORM_FIELDS.filter((name) => begin[name] !== values[name]);
}
