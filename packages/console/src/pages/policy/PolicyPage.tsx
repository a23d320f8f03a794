/** What needs a second person: as it is, and changing it, which is itself such an act. */
import { Alert, Button, Checkbox, Group, Radio, Stack, Text } from '@mantine/core';
import {
  APPROVAL_MODES,
  type ApprovalMode,
  type ApprovalPolicy,
  type ApprovalPolicyInput,
} from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { Section } from '../../parts/Section.tsx';
import './policy.css';
import { NO_FAULTS, type RuleFaults, rulesOf, type TypedRules, typedRules } from './policy-values.ts';
import { RuleFields } from './RuleFields.tsx';
import { Rules } from './Rules.tsx';

export function Component() {
  const { t } = useTranslation('policy');
  const { t: shell } = useTranslation('shell');
  const read = useRead('getApprovalPolicy');
  const { data, error } = read;
  return (
    <Page
      title={shell('approvalPolicy')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
    >
      {error !== null && <Notice error={error} onRetry={() => void read.refetch()} />}
      {data !== undefined ? <Shown latest={data} /> : error === null && <Loading />}
    </Page>
  );
}

function Shown({ latest }: { latest: ApprovalPolicy }) {
  const { t } = useTranslation('policy');
  const { may } = useMay();
  const { version, changedBy, reason, effective, singlePerson } = latest;
  return (
    <>
      {singlePerson && (
        <Alert color="orange" role="status">
          {t('singleOn')}
        </Alert>
      )}
      {latest.nobodyElse && !singlePerson && <Alert color="yellow">{t('nobodyElse')}</Alert>}
      <Section title={t('rulesNow')} lead={t('nowLead', { version, name: changedBy, reason })}>
        <Text size="sm" mb="xs">
          {t('mode')}: <strong>{t(`modes.${latest.mode}`)}</strong>
        </Text>
        {effective === null ? <p>{t('rulesNone')}</p> : <Rules of={effective} />}
      </Section>
      {may('administer') ? (
        <Editor latest={latest} />
      ) : (
        <Text size="sm" c="dimmed">
          {t('onlyRead')}
        </Text>
      )}
    </>
  );
}

interface Typed {
  readonly mode: ApprovalMode;
  readonly singlePerson: boolean;
  readonly rules: TypedRules;
}
const typedOf = ({ mode, singlePerson, rules }: ApprovalPolicy): Typed => ({
  mode,
  singlePerson,
  rules: typedRules(rules),
});

function Editor({ latest }: { latest: ApprovalPolicy }) {
  const { t } = useTranslation('policy');
  const [base, setBase] = useState(latest);
  const [typed, setTyped] = useState<Typed>(() => typedOf(latest));
  const [faults, setFaults] = useState<RuleFaults>(NO_FAULTS);
  const [asking, setAsking] = useState<ApprovalPolicyInput | null>(null);
  const [saved, setSaved] = useState<number | null>(null);
  const save = useAct('setApprovalPolicy', ['approvals', 'problems', 'solutions']);
  const behind = latest.version > base.version;
  const begin = (from: ApprovalPolicy): void => {
    setBase(from);
    setTyped(typedOf(from));
    setFaults(NO_FAULTS);
  };
  const change = (part: Partial<Typed>): void => {
    setSaved(null);
    setTyped((now) => ({ ...now, ...part }));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { rules, faults: found } = rulesOf(typed.rules);
    setFaults(found);
    if (rules === null || behind) return;
    const { mode, singlePerson } = typed;
    setAsking({ version: base.version, mode, singlePerson, rules });
  };
  return (
    <Section title={t('saveTitle')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {behind && saved !== latest.version && (
            <Alert color="orange" role="alert">
              {t('changedMeanwhile', { name: latest.changedBy, version: latest.version })}{' '}
              <Button size="compact-sm" variant="default" onClick={() => begin(latest)}>
                {t('takeTheirs')}
              </Button>
            </Alert>
          )}
          <Fields typed={typed} onChange={change} />
          {typed.mode === 'own' && (
            <RuleFields typed={typed.rules} onChange={(rules) => change({ rules })} faults={faults} />
          )}
          {faults !== NO_FAULTS && rulesOf(typed.rules).rules === null && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert">
              {t('wrong')}
            </Text>
          )}
          <Group gap="sm">
            <Button type="submit" disabled={behind}>
              {t('save')}
            </Button>
            <Button variant="default" onClick={() => begin(latest)}>
              {t('reset')}
            </Button>
            <span role="status">{saved !== null && t('saved', { version: saved })}</span>
          </Group>
        </Stack>
      </form>
      {asking !== null && (
        <ConfirmAct
          title={t('saveTitle')}
          act={t('save')}
          color={asking.singlePerson ? 'orange' : 'indigo'}
          reason="required"
          command={{ kind: 'change-policy', policy: asking }}
          onConfirm={async (reason) => {
            const stored = await save.mutateAsync({ body: { ...asking, reason } });
            begin(stored);
            setSaved(stored.version);
          }}
          onClose={() => setAsking(null)}
        >
          <Text size="sm">{t('saveLead', { mode: t(`modes.${asking.mode}`) })}</Text>
          {asking.singlePerson && <Alert color="orange">{t('saveSingle')}</Alert>}
        </ConfirmAct>
      )}
    </Section>
  );
}

function Fields({ typed, onChange }: { typed: Typed; onChange: (part: Partial<Typed>) => void }) {
  const { t } = useTranslation('policy');
  return (
    <>
      <Radio.Group
        label={t('mode')}
        value={typed.mode}
        onChange={(value) => {
          const mode = APPROVAL_MODES.find((each) => each === value);
          if (mode !== undefined) onChange({ mode });
        }}
      >
        <Stack gap="xs" mt="xs">
          {APPROVAL_MODES.map((mode) => (
            <Radio key={mode} value={mode} label={t(`modes.${mode}`)} description={t(`modeHint.${mode}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <fieldset className="policy-fields">
        <legend>{t('single')}</legend>
        <Checkbox
          label={t('singleLabel')}
          description={t('singleHint')}
          checked={typed.singlePerson}
          onChange={(event) => onChange({ singlePerson: event.currentTarget.checked })}
        />
      </fieldset>
    </>
  );
}
