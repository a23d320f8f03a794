/** Solutions from a file: checked by the server without storing anything, then stored all or none. */
import { Button, FileButton, Group, Stack, Textarea } from '@mantine/core';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { ApiError, ApprovalCommand, SolutionInput } from '@piculus/protocol/http';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, asApiError } from '../../api/client.ts';
import { refresh } from '../../api/queries.ts';
import { needsSecond } from '../../parts/approval-need.ts';
import { AskApproval } from '../../parts/AskApproval.tsx';
import { Page } from '../../parts/Page.tsx';
import { Section } from '../../parts/Section.tsx';
import { ImportErrors } from './ImportErrors.tsx';
import { countActions, ImportRows } from './ImportRows.tsx';
import { Said } from './SolutionForm.tsx';
import { type Imported, readTransfer, type Unreadable } from './transfer.ts';
import './solutions.css';

interface ImportInput {
  readonly body: { readonly items: readonly unknown[]; readonly dryRun: boolean };
}

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly why: Unreadable }
  | { readonly kind: 'refused'; readonly rows: readonly unknown[]; readonly error: ApiError }
  | { readonly kind: 'checked'; readonly rows: readonly unknown[]; readonly told: Imported }
  | { readonly kind: 'done'; readonly told: Imported };

export function Component() {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const { t: approvals } = useTranslation('approvals');
  const queries = useQueryClient();
  // Through the cache of acts, which notices that nobody is signed in any more.
  const act = useMutation<Imported, ApiError, ImportInput>({ mutationFn: sendRows });
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  const [asking, setAsking] = useState<ApprovalCommand | null>(null);
  const result = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (outcome.kind !== 'none' && outcome.kind !== 'unreadable') result.current?.focus();
  }, [outcome.kind]);

  const send = async (rows: readonly unknown[], dryRun: boolean): Promise<void> => {
    setBusy(true);
    try {
      if (!dryRun && (await needsSecond(commandOf(rows)))) return setAsking(commandOf(rows));
      const told = await act.mutateAsync({ body: { items: rows, dryRun } });
      setOutcome(dryRun ? { kind: 'checked', rows, told } : { kind: 'done', told });
      if (!dryRun) refresh(queries, new Set(['solutions', 'problems']));
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code === 'approval-required') setAsking(commandOf(rows));
      else setOutcome({ kind: 'refused', rows, error });
    } finally {
      setBusy(false);
    }
  };
  const check = (event: FormEvent): void => {
    event.preventDefault();
    const read = readTransfer(text);
    if (read.rows === null) setOutcome({ kind: 'unreadable', why: read.wrong });
    else void send(read.rows, true);
  };
  const edit = (next: string): void => {
    setText(next);
    setOutcome({ kind: 'none' });
  };
  return (
    <Page title={t('importTitle')} lead={t('importLead')} ready>
      <Section title={t('importFrom')}>
        <form onSubmit={check} noValidate>
          <Stack gap="md" align="flex-start">
            <FileField onText={edit} />
            <Textarea
              className="solutions-wide"
              classNames={{ input: 'solutions-code' }}
              label={t('importText')}
              description={t('importHint')}
              rows={10}
              spellCheck={false}
              value={text}
              onChange={(event) => edit(event.currentTarget.value)}
              error={outcome.kind === 'unreadable' ? t(`importWrong.${outcome.why}`) : undefined}
            />
            <Button type="submit" loading={busy} disabled={text.trim() === ''}>
              {t('importCheck')}
            </Button>
          </Stack>
        </form>
      </Section>
      <div ref={result} tabIndex={-1} className="solutions-top">
        {outcome.kind === 'refused' && <ImportErrors error={outcome.error} rows={outcome.rows} />}
        {outcome.kind === 'checked' && (
          <Section title={t('importChecked')}>
            <ImportRows told={outcome.told} />
            <Confirm told={outcome.told} busy={busy} onImport={() => void send(outcome.rows, false)} />
          </Section>
        )}
        {outcome.kind === 'done' && (
          <Said>
            {t('importDone', countActions(outcome.told))} <Link to="/solutions">{t('toList')}</Link>
          </Said>
        )}
      </div>
      {asking !== null && (
        <AskApproval
          title={approvals('ask.importTitle')}
          act={approvals('ask.importAct', {
            count: asking.kind === 'import-solutions' ? asking.items.length : 0,
          })}
          command={asking}
          onAlone={async () => {
            if (outcome.kind === 'checked') await send(outcome.rows, false);
          }}
          onClose={() => setAsking(null)}
        />
      )}
      <p className="solutions-aside">
        <Link to="/solutions">{common('back')}</Link>
      </p>
    </Page>
  );
}

function Confirm({ told, busy, onImport }: { told: Imported; busy: boolean; onImport: () => void }) {
  const { t } = useTranslation('solutions');
  const counts = countActions(told);
  if (counts.create + counts.change === 0) return <p>{t('importNothing')}</p>;
  return (
    <Button mt="md" loading={busy} onClick={onImport}>
      {t('importAct', counts)}
    </Button>
  );
}

/**
 * The rows go as they were given: the server checks them and names each bad field in both languages, which a check
 * here would only say in other words.
 */
function sendRows(input: ImportInput): Promise<Imported> {
  const call = api.importSolutions as (input: object) => Promise<Imported>;
  return call(input);
}

/** The server has checked the rows by now: it refuses only what it has understood for want of a second person. */
function commandOf(rows: readonly unknown[]): ApprovalCommand {
  return { kind: 'import-solutions', items: rows as SolutionInput[] };
}

function FileField({ onText }: { onText: (text: string) => void }) {
  const { t } = useTranslation('solutions');
  const [name, setName] = useState('');
  const read = async (file: File | null): Promise<void> => {
    if (file === null) return;
    setName(file.name);
    onText(await file.text());
  };
  return (
    <Group gap="sm">
      <FileButton accept=".json,application/json" onChange={(file) => void read(file)}>
        {(props) => (
          <Button variant="default" {...props}>
            {t('importFile')}
          </Button>
        )}
      </FileButton>
      <span className="solutions-aside" aria-live="polite">
        {name}
      </span>
    </Group>
  );
}
