/**
 * Keys for the whole console: to a page, to the order search, and a dialog that lists them. They are off while
 * somebody types, below a dialog, and for whoever switched them off: a speech program's words are key strokes too.
 */
import { Kbd, Modal, Stack, Switch, Table, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useReturnFocus } from '../parts/return-focus.ts';
import { act, type KeyState, PAGES } from './keys.ts';

const KEPT_UNDER = 'piculus-keys';

export interface Keys {
  readonly on: boolean;
  readonly setOn: (on: boolean) => void;
}

/** @param onHelp `?` was pressed. */
export function useKeys(onHelp: () => void): Keys {
  const [on, setOn] = useState(readOn);
  const navigate = useNavigate();
  const state = useRef<KeyState>({ leader: null });
  const help = useRef(onHelp);
  help.current = onHelp;
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (typing(event.target) || document.querySelector('[role="dialog"],[role="menu"]') !== null) return;
      const { next, wish } = act(state.current, event.key, event.timeStamp);
      state.current = next;
      if (wish === null) return;
      event.preventDefault();
      if (wish.kind === 'help') help.current();
      else if (wish.kind === 'page') void navigate(wish.to);
      else document.querySelector<HTMLElement>('.shell-search input')?.focus();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [on, navigate]);
  return {
    on,
    setOn(next) {
      setOn(next);
      try {
        localStorage.setItem(KEPT_UNDER, next ? 'on' : 'off');
      } catch {
        // Storage is off: the choice lasts as long as the page.
      }
    },
  };
}

function readOn(): boolean {
  try {
    return localStorage.getItem(KEPT_UNDER) !== 'off';
  } catch {
    return true;
  }
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input:not([type="checkbox"],[type="radio"]),textarea,select') !== null)
  );
}

export function KeysHelp({ keys, onClose }: { keys: Keys; onClose: () => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  useReturnFocus();
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['?'], t('keysHelp')],
    [['/'], t('keysSearch')],
    ...PAGES.map(({ key, name }) => [['g', key], t('keysGo', { page: t(name) })] as const),
    [['j'], t('keysNext')],
    [['k'], t('keysBefore')],
    [['Esc'], t('keysClose')],
  ];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('keys')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      centered
    >
      <Stack>
        <Table>
          <Table.Caption>
            <VisuallyHidden>{t('keys')}</VisuallyHidden>
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t('keysKey')}</Table.Th>
              <Table.Th scope="col">{t('keysWhat')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(([strokes, what]) => (
              <Table.Tr key={strokes.join(' ')}>
                <Table.Td>
                  <Strokes of={strokes} />
                </Table.Td>
                <Table.Td>{what}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch
          label={t('keysOn')}
          description={t('keysOnHint')}
          checked={keys.on}
          onChange={(event) => keys.setOn(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  );
}

function Strokes({ of }: { of: readonly string[] }) {
  const { t } = useTranslation('shell');
  const [first = '', second] = of;
  if (second === undefined) return <Kbd>{first}</Kbd>;
  return (
    <>
      <Kbd>{first}</Kbd> {t('keysThen')} <Kbd>{second}</Kbd>
    </>
  );
}
