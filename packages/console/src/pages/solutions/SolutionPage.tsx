/** One solution: its settings to look at and to change, its versions, and the way to its problems. */
import { Alert, Button } from '@mantine/core';
import type { Solution } from '@piculus/protocol/http';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { refresh, useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { StatusBadge } from '../../parts/badges.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { inLanguage } from '../../parts/words.ts';
import { Conflict } from './Conflict.tsx';
import { changedFields, changeFrom, inputOf, rebased, type SolutionValues, valuesOf } from './fields.ts';
import { RepairsLine } from './Identity.tsx';
import { problemsOf } from './open.ts';
import { type Act, ActDialog, ActsMenu } from './SolutionActs.tsx';
import { Said, SolutionForm } from './SolutionForm.tsx';
import { type Version, Versions } from './Versions.tsx';

export function Component() {
  const { t } = useTranslation('solutions');
  const { t: shell } = useTranslation('shell');
  const { id = '' } = useParams();
  const solution = useRead('getSolution', { params: { id } });
  const { data, error } = solution;
  if (data !== undefined) {
    return (
      <Shown key={id} latest={data} updatedAt={solution.dataUpdatedAt} gone={error?.code === 'not-found'} />
    );
  }
  return (
    <Page title={shell('solutions')} ready={error !== null}>
      {error === null && <Loading />}
      {error?.code === 'not-found' ? (
        <Empty title={t('gone')}>
          <Link to="/solutions">{t('goneBack')}</Link>
        </Empty>
      ) : (
        error !== null && <Notice error={error} onRetry={() => void solution.refetch()} />
      )}
    </Page>
  );
}

/** `gone`: deleted while it was open here; what was typed stays to be copied. */
function Shown({ latest, updatedAt, gone }: { latest: Solution; updatedAt: number; gone: boolean }) {
  const { t } = useTranslation('solutions');
  const navigate = useNavigate();
  const [act, setAct] = useState<Act | null>(null);
  const { sysCode, fixCode } = latest;
  const executions = `/executions?${new URLSearchParams({ sysCode, fixCode })}`;
  return (
    <Page
      title={`${sysCode} · ${fixCode}`}
      lead={<Lead of={latest} />}
      updatedAt={updatedAt}
      ready
      actions={
        <>
          <Button variant="default" component={Link} to={problemsOf(latest)}>
            {t('problemsLink')}
          </Button>
          <Button variant="default" component={Link} to={executions}>
            {t('executionsLink')}
          </Button>
          <ActsMenu of={latest} onAct={setAct} />
        </>
      }
    >
      {gone && (
        <Alert color="orange" role="alert" title={t('gone')}>
          <Link to="/solutions">{t('goneBack')}</Link>
        </Alert>
      )}
      <RepairsLine fixCode={fixCode} />
      <Editor latest={latest} />
      {act !== null && (
        <ActDialog
          of={latest}
          act={act}
          onClose={() => setAct(null)}
          onDone={() => act === 'remove' && void navigate('/solutions')}
        />
      )}
    </Page>
  );
}

function Lead({ of }: { of: Solution }) {
  const { t } = useTranslation('solutions');
  return (
    <span className="solutions-lead">
      <StatusBadge status={of.status} /> {t('versionNumber', { version: of.version })}{' '}
      {t('changedBy', { name: of.changedBy })}
      {of.warnings.map((warning) => (
        <span key={warning.message.en} className="solutions-flag">
          {inLanguage(warning.message)}
        </span>
      ))}
    </span>
  );
}

type Told = { readonly saved: number } | { readonly restored: number } | null;

function Editor({ latest }: { latest: Solution }) {
  const { t } = useTranslation('solutions');
  const created = useLocation().state !== null;
  const [base, setBase] = useState(latest);
  const [values, setValues] = useState<SolutionValues>(() => valuesOf(latest));
  const [said, setSaid] = useState<Told>(created ? { saved: latest.version } : null);
  const queries = useQueryClient();
  const top = useRef<HTMLDivElement>(null);
  const change = useAct('changeSolution', ['solutions', 'problems']);
  const able = useMay().may('configure', latest.sysCode);
  const changed = changedFields(base, inputOf(values));
  const behind = latest.version > base.version;
  const begin = (from: Solution): void => {
    setBase(from);
    setValues(valuesOf(from));
  };
  // Nothing typed: the newer version simply takes the place of the older one.
  useEffect(() => {
    if (behind && changed.length === 0) {
      setBase(latest);
      setValues(valuesOf(latest));
      setSaid(null);
    }
  }, [behind, changed.length, latest]);

  useEffect(() => {
    if (said !== null) top.current?.focus();
  }, [said]);

  const restore = (version: Version): void => {
    setValues(valuesOf(version));
    setSaid({ restored: version.version });
  };
  return (
    <>
      <div ref={top} tabIndex={-1} className="solutions-top">
        {said !== null && (
          <Said>
            {'saved' in said
              ? t('saved', { version: said.saved })
              : t('restored', { version: said.restored })}
          </Said>
        )}
      </div>
      <SolutionForm
        values={values}
        onChange={(part) => {
          setSaid(null);
          setValues((old) => ({ ...old, ...part }));
        }}
        fresh={false}
        readOnly={!able}
        canSave={changed.length > 0 && !behind}
        unsaved={changed.map((name) => t(`field.${name}`))}
        onReset={() => begin(base)}
        command={(input) => ({ kind: 'change-solution', id: base.id, change: changeFrom(base, input) })}
        onSave={async (input) => {
          const stored = await change
            .mutateAsync({ params: { id: base.id }, body: changeFrom(base, input) })
            .catch((error: unknown) => {
              // Somebody else was first, or deleted it: what is stored now is read and shown beside what was typed.
              refresh(queries, new Set(['solutions']));
              throw error;
            });
          begin(stored);
          setSaid({ saved: stored.version });
        }}
      >
        {behind && changed.length > 0 && (
          <Conflict
            base={base}
            latest={latest}
            typed={values}
            onTake={() => begin(latest)}
            onKeep={() => {
              setValues(rebased(base, values, latest));
              setBase(latest);
            }}
          />
        )}
      </SolutionForm>
      <Versions id={base.id} onRestore={able ? restore : null} />
    </>
  );
}
