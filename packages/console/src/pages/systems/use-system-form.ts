/** What is typed into the form of a system, what is wrong with it, and sending it. */
import { clientEnvironment, type ApiError, type System } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { type Unit, windowMs, windowParts } from './window.ts';

const FIELDS = ['sysCode', 'name', 'collectCron', 'collectTimeZone', 'collectWindowMs'] as const;
const DEFAULT_WINDOW_MS = 3 * 86_400_000;
/** As the server has it; its refusal of the pattern could not say what is meant. */
const SYS_CODE = /^[A-Z][A-Z0-9_-]{0,31}$/;

export type Errors = Partial<Record<(typeof FIELDS)[number], string>>;

export interface Typed {
  readonly sysCode: string;
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  readonly amount: string;
  readonly unit: Unit;
}

export interface SystemFormState {
  readonly typed: Typed;
  readonly set: (part: Partial<Typed>) => void;
  readonly errors: Errors;
  /** What no field shows. */
  readonly rest: ApiError | null;
  readonly busy: boolean;
  readonly submit: (event: FormEvent) => void;
}

export interface SystemFormActs {
  /** Null: a new one. */
  readonly system: System | null;
  readonly onClose: () => void;
  /** With the first key of a new system. */
  readonly onCreated: (sysCode: string, key: string) => void;
}

export function useSystemForm({ system, onClose, onCreated }: SystemFormActs): SystemFormState {
  const [typed, setTyped] = useState<Typed>(() => typedOf(system));
  const [wrong, setWrong] = useState<Errors>({});
  const check = useCheck(system === null);
  const create = useAct('createSystem', ['systems', 'clients']);
  const change = useAct('changeSystem', ['systems', 'clients']);
  const error = create.error ?? change.error;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.reset();
    change.reset();
    const { found, length } = check(typed);
    setWrong(found);
    if (length === null) return;
    const body = {
      name: typed.name.trim(),
      collectCron: typed.cron.trim() === '' ? null : typed.cron.trim(),
      collectTimeZone: typed.zone.trim(),
      collectWindowMs: length,
    };
    if (system === null) {
      const sysCode = typed.sysCode.trim();
      create.mutate(
        { body: { ...body, sysCode } },
        { onSuccess: (made) => onCreated(sysCode, clientEnvironment(made)) },
      );
    } else {
      change.mutate({ params: { sysCode: system.sysCode }, body }, { onSuccess: onClose });
    }
  };
  return {
    typed,
    set: (part) => setTyped((now) => ({ ...now, ...part })),
    errors: { ...fieldErrors(error, FIELDS), ...wrong },
    rest: error !== null && saysMoreThanFields(error, FIELDS) ? error : null,
    busy: create.isPending || change.isPending,
    submit,
  };
}

/** @returns what the page can tell by itself; the length of the window where all of it is well. */
function useCheck(isNew: boolean): (typed: Typed) => { found: Errors; length: number | null } {
  const { t } = useTranslation('systems');
  const windowWords = { bad: t('windowBad'), long: t('windowLong') };
  return (typed) => {
    const length = windowMs(typed.amount, typed.unit);
    const found: Errors = {
      ...(!isNew || SYS_CODE.test(typed.sysCode.trim()) ? {} : { sysCode: t('sysCodeBad') }),
      ...(typed.name.trim() === '' ? { name: t('nameNeeded') } : {}),
      ...(typeof length === 'number' ? {} : { collectWindowMs: windowWords[length] }),
    };
    return { found, length: typeof length === 'number' && Object.keys(found).length === 0 ? length : null };
  };
}

function typedOf(system: System | null): Typed {
  return {
    sysCode: '',
    name: system?.name ?? '',
    cron: system?.collectCron ?? '',
    zone: system?.collectTimeZone ?? 'UTC',
    ...windowParts(system?.collectWindowMs ?? DEFAULT_WINDOW_MS),
  };
}
