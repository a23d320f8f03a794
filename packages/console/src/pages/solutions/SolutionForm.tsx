/** The form of a solution, for a new one and for a change: fields, what they mean, and saving. */
import { Alert, Button, Group } from '@mantine/core';
import type { ApiError, ApprovalCommand, SolutionInput } from '@piculus/protocol/http';
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../../api/client.ts';
import { currentLanguage } from '../../i18n/index.ts';
import { needsSecond } from '../../parts/approval-need.ts';
import { AskApproval } from '../../parts/AskApproval.tsx';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useTypedCheck } from './check.ts';
import { FORM_FIELDS, inputOf, type SolutionValues } from './fields.ts';
import { FormFields } from './FormFields.tsx';
import { Identity } from './Identity.tsx';
import { useKnown } from './known.ts';
import { LeaveGuard } from './LeaveGuard.tsx';
import { Preview } from './Preview.tsx';
import './solutions.css';

export interface SolutionFormProps {
  readonly values: SolutionValues;
  readonly onChange: (change: Partial<SolutionValues>) => void;
  /** True: system and fix code can be given. */
  readonly fresh: boolean;
  /** The words for what is not saved; empty where everything is. */
  readonly unsaved: readonly string[];
  /** Rejects with an ApiError. */
  readonly onSave: (input: SolutionInput) => Promise<void>;
  readonly onReset?: () => void;
  /** False while saving would make no sense. */
  readonly canSave: boolean;
  /** To look at only. */
  readonly readOnly?: boolean;
  /** What saving would do, to ask a second person for it where the server wants one. */
  readonly command: (input: SolutionInput) => ApprovalCommand;
  /** Above the fields: what the person must know first. */
  readonly children?: ReactNode;
}

/** Stands in for a name that was not typed yet, so that the schedule is explained all the same. */
const NOT_NAMED = 'notNamedYet';

export function SolutionForm(props: SolutionFormProps) {
  const { t } = useTranslation('solutions');
  const { t: approvals } = useTranslation('approvals');
  const { values, fresh, unsaved } = props;
  const known = useKnown();
  const form = useRef<HTMLFormElement>(null);
  const left = useRef(false);
  const [failed, setFailed] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<ApprovalCommand | null>(null);
  const input = useMemo(() => inputOf(values), [values]);
  const named = input.sysCode !== '' && input.fixCode !== '';
  const [someSystem = ''] = known.systems;
  const asked = useMemo(
    () =>
      named
        ? input
        : someSystem === '' && input.sysCode === ''
          ? null
          : { ...input, sysCode: input.sysCode || someSystem, fixCode: input.fixCode || NOT_NAMED },
    [input, named, someSystem],
  );
  const check = useTypedCheck(asked);
  const told = fieldErrors(failed, FORM_FIELDS);
  const errors = failed === null ? fieldErrors(check.error, FORM_FIELDS) : told;

  useEffect(() => {
    if (failed === null) return;
    form.current?.querySelector<HTMLElement>(':is(input,textarea,select)[aria-invalid="true"]')?.focus();
  }, [failed]);

  const change = (part: Partial<SolutionValues>): void => {
    setFailed(null);
    props.onChange(part);
  };
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailed(null);
    left.current = true;
    try {
      const command = props.command(input);
      if (await needsSecond(command)) setAsking(command);
      else await props.onSave(input);
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code === 'approval-required') setAsking(props.command(input));
      else setFailed(error);
    } finally {
      left.current = false;
      setBusy(false);
    }
  };
  return (
    <>
      <form ref={form} className="solutions-form" onSubmit={(event) => void save(event)} noValidate>
        <LeaveGuard unsaved={() => unsaved.length > 0 && !left.current} />
        <div className="solutions-main">
          {props.children}
          {fresh && <Identity values={values} onChange={change} errors={errors} known={known} />}
          <fieldset className="solutions-lock" disabled={props.readOnly ?? false}>
            <FormFields values={values} onChange={change} errors={errors} />
          </fieldset>
        </div>
        <Preview values={values} check={check} named={named} />
        <div className="solutions-save">
          {failed !== null && saysMoreThanFields(failed, FORM_FIELDS) && <Notice error={failed} />}
          {props.readOnly !== true && <SaveBar {...props} busy={busy} />}
        </div>
      </form>
      {/* Not inside the form, or what is sent here would send the form as well. */}
      {asking !== null && (
        <AskApproval
          title={approvals('ask.solutionTitle')}
          act={fresh ? t('saveNew') : t('saveChange')}
          command={asking}
          onAlone={() => props.onSave(input)}
          onAsked={() => {
            // What was typed is kept by the request.
            left.current = true;
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function SaveBar({ fresh, unsaved, canSave, onReset, busy }: SolutionFormProps & { busy: boolean }) {
  const { t } = useTranslation('solutions');
  return (
    <Group gap="md">
      <Button type="submit" loading={busy} disabled={!canSave}>
        {fresh ? t('saveNew') : t('saveChange')}
      </Button>
      {onReset !== undefined && unsaved.length > 0 && (
        <Button variant="default" onClick={onReset}>
          {t('reset')}
        </Button>
      )}
      {!fresh && (
        <span className="solutions-aside" role="status">
          {unsaved.length === 0
            ? t('nothingChanged')
            : t('unsavedFields', { fields: unsaved.join(currentLanguage() === 'en' ? ', ' : '、') })}
        </span>
      )}
    </Group>
  );
}

/** Something that was done, said where the person looks. */
export function Said({ children }: { children: ReactNode }) {
  return (
    <Alert color="green" role="status">
      {children}
    </Alert>
  );
}
