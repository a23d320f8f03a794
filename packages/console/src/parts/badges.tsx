/** States and other words of the glossary as badges: a sign, a word and a colour, never a colour alone. */
import { Badge } from '@mantine/core';
import type {
  CollectState,
  Direction,
  Level,
  MessageState,
  Outcome,
  OutOfPocket,
  ProblemState,
  SolutionStatus,
  WaitReason,
} from '@piculus/protocol';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Look {
  readonly color: string;
  readonly sign: string;
}
const look = (color: string, sign: string): Look => ({ color, sign });

const STATES: Readonly<Record<ProblemState, Look>> = {
  pending: look('yellow', '○'),
  executing: look('blue', '▶'),
  fixed: look('green', '✓'),
  cleared: look('teal', '✓'),
  exhausted: look('red', '✕'),
  'needs-human': look('orange', '!'),
  closed: look('gray', '–'),
};
const OUTCOMES: Readonly<Record<Outcome, Look>> = {
  fixed: look('green', '✓'),
  'already-right': look('teal', '✓'),
  'not-this-problem': look('gray', '–'),
  'not-yet': look('yellow', '…'),
  failed: look('red', '✕'),
  refused: look('orange', '!'),
  unknown: look('violet', '?'),
};
const COLLECTS: Readonly<Record<CollectState, Look>> = {
  waiting: look('yellow', '○'),
  running: look('blue', '▶'),
  complete: look('green', '✓'),
  incomplete: look('orange', '!'),
  failed: look('red', '✕'),
  cancelled: look('gray', '–'),
};
const MESSAGES: Readonly<Record<MessageState, Look>> = {
  sent: look('blue', '→'),
  acknowledged: look('green', '✓'),
  accepted: look('green', '✓'),
  refused: look('red', '✕'),
  lost: look('orange', '?'),
};
const LEVELS: Readonly<Record<Level, Look>> = {
  unimportant: look('gray', '·'),
  normal: look('gray', '▪'),
  important: look('blue', '▲'),
  'very-important': look('violet', '▲▲'),
};
const POCKETS: Readonly<Record<OutOfPocket, Look>> = {
  customer: look('red', '▼'),
  company: look('orange', '▼'),
  nobody: look('gray', '='),
};
const WAITS: Readonly<Record<WaitReason, Look>> = {
  'no-solution': look('orange', '!'),
  disabled: look('gray', '–'),
  manual: look('orange', '!'),
  approval: look('orange', '!'),
  reopened: look('orange', '!'),
  scheduled: look('gray', '…'),
  'no-client': look('red', '✕'),
  paused: look('violet', '‖'),
};

/** A sign and words on a ground. */
export function Sign({ color, sign, children }: Look & { children: ReactNode }) {
  return (
    <Badge color={color} className="sign" leftSection={<span aria-hidden="true">{sign}</span>}>
      {children}
    </Badge>
  );
}

export function StateBadge({ state }: { state: ProblemState }) {
  const { t } = useTranslation('words');
  return <Sign {...STATES[state]}>{t(`state.${state}`)}</Sign>;
}
export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation('words');
  return <Sign {...OUTCOMES[outcome]}>{t(`outcome.${outcome}`)}</Sign>;
}
export function CollectBadge({ state }: { state: CollectState }) {
  const { t } = useTranslation('words');
  return <Sign {...COLLECTS[state]}>{t(`collect.${state}`)}</Sign>;
}
export function MessageBadge({ state }: { state: MessageState }) {
  const { t } = useTranslation('words');
  return <Sign {...MESSAGES[state]}>{t(`message.${state}`)}</Sign>;
}
export function LevelBadge({ level }: { level: Level }) {
  const { t } = useTranslation('words');
  return <Sign {...LEVELS[level]}>{t(`level.${level}`)}</Sign>;
}
export function PocketBadge({ of }: { of: OutOfPocket }) {
  const { t } = useTranslation('words');
  return <Sign {...POCKETS[of]}>{t(`pocket.${of}`)}</Sign>;
}
export function WaitBadge({ reason }: { reason: WaitReason }) {
  const { t } = useTranslation('words');
  return <Sign {...WAITS[reason]}>{t(`wait.${reason}`)}</Sign>;
}
export function StatusBadge({ status }: { status: SolutionStatus }) {
  const { t } = useTranslation('words');
  const on = status === 'enabled';
  return <Sign {...look(on ? 'green' : 'gray', on ? '✓' : '–')}>{t(`status.${status}`)}</Sign>;
}
export function DirectionBadge({ direction }: { direction: Direction }) {
  const { t } = useTranslation('words');
  return <Sign {...look('gray', direction === 'in' ? '←' : '→')}>{t(`direction.${direction}`)}</Sign>;
}
