/** What a request is about, in words. */
import type { Approval, ApprovalState } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Sign } from '../../parts/badges.tsx';
import { wholeNumber } from '../../parts/format.ts';
import { usePlaceWords } from '../../parts/halts/halt-words.ts';
import { countOf, subjectOf } from './subject.ts';

const LOOKS = {
  open: { color: 'orange', sign: '!' },
  approved: { color: 'green', sign: '✓' },
  rejected: { color: 'red', sign: '✕' },
  withdrawn: { color: 'gray', sign: '–' },
  expired: { color: 'gray', sign: '…' },
  void: { color: 'gray', sign: '–' },
} as const satisfies Record<ApprovalState, { color: string; sign: string }>;

export function ApprovalBadge({ state }: { state: ApprovalState }) {
  const { t } = useTranslation('approvals');
  return <Sign {...LOOKS[state]}>{t(`state.${state}`)}</Sign>;
}

/** @returns one line, for instance `Run the fix: PBAP20260001`. */
export function useSubject(): (request: Pick<Approval, 'command' | 'preview' | 'kind'>) => string {
  const { t } = useTranslation('approvals');
  const placeWords = usePlaceWords();
  return ({ command, preview, kind }) =>
    t(`kind.${kind}`, {
      number: wholeNumber(countOf(command, preview.problems)),
      what: subjectOf(command, preview, placeWords),
    });
}
