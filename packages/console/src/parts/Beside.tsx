/**
 * A list with one problem open beside it, named in the address. Keys go from row to row while it is open; the row
 * keeps the focus, and gets it back when the detail is closed.
 */
import { Text } from '@mantine/core';
import { lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';
import './Beside.css';
import { Loading } from './Loading.tsx';
import { isPhone, rowLinkId } from './problem-cells.tsx';
import { touch } from './touched.ts';

const ProblemDetail = lazy(async () => {
  const { ProblemDetail: Detail } = await import('../pages/problem/ProblemDetail.tsx');
  return { default: Detail };
});

export interface Beside {
  readonly openId: string | null;
  /** `preview`: begin with what the fix would do. Where there is no room beside the list, it is a page. */
  readonly open: (id: string, options?: { readonly preview?: boolean }) => void;
  readonly close: () => void;
}

const DETAIL_ID = 'beside-detail';
const STEPS: Readonly<Record<string, 1 | -1>> = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };
/** Where these keys mean something else. */
const TAKEN =
  'input:not([type="checkbox"]),textarea,select,[contenteditable="true"],[role="dialog"],[role="menu"],[role="listbox"]';

/**
 * @param ids of the rows on the screen, in their order.
 * @param onOpen told before a row is opened, by whatever means.
 */
export function useBeside(ids: readonly string[], onOpen?: (id: string) => void): Beside {
  const location = useLocation();
  const navigate = useNavigate();
  const openId = new URLSearchParams(location.search).get('open');
  // Keys come faster than pages are drawn: what was asked for last counts until it is drawn.
  const asked = useRef<string | null | undefined>(undefined);
  useEffect(() => {
    // Another place with the same problem open is an answer, too.
    void location.key;
    if (asked.current === openId) asked.current = undefined;
  }, [location.key, openId]);
  const latest = (): string | null => (asked.current === undefined ? openId : asked.current);

  const go = (id: string | null, preview: boolean, replace: boolean): void => {
    asked.current = id;
    // The address itself and not what was rendered, for the same reason.
    const query = new URLSearchParams(window.location.search);
    if (id === null) query.delete('open');
    else query.set('open', id);
    // The state holds the pages walked through: the place in the list stays.
    void navigate(
      { search: `?${query}`, hash: preview ? '#preview' : '' },
      { state: location.state, replace },
    );
  };
  const open: Beside['open'] = (id, { preview = false } = {}) => {
    touch([id], 'opened');
    onOpen?.(id);
    if (id === latest() && !preview) {
      // Asked for again: the way into the detail, which all rows of the list would be before otherwise.
      document.getElementById(DETAIL_ID)?.focus();
      return;
    }
    if (isPhone()) {
      void navigate(`/problems/${id}${preview ? '#preview' : ''}`);
      return;
    }
    go(id, preview, latest() !== null);
    focusRow(id);
  };
  const close = (): void => {
    const id = latest();
    if (id === null) return;
    go(null, false, true);
    focusRow(id);
  };

  const keys = useRef((_: KeyboardEvent): void => {});
  useEffect(() => {
    keys.current = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      const at = latest();
      if (at === null || target?.closest(TAKEN)) return;
      if (event.key === 'Escape') return close();
      const step = STEPS[event.key];
      // Inside the detail, arrows scroll it.
      if (step === undefined || (event.key.startsWith('Arrow') && target?.closest('.beside-detail'))) return;
      const next = ids[ids.indexOf(at) + step];
      event.preventDefault();
      if (next !== undefined) open(next);
    };
  });
  const isOpen = openId !== null;
  useEffect(() => {
    if (!isOpen) return;
    const listen = (event: KeyboardEvent): void => keys.current(event);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [isOpen]);
  return { openId, open, close };
}

function focusRow(id: string): void {
  document.getElementById(rowLinkId(id))?.focus();
}

export function BesideLayout({ beside, children }: { beside: Beside; children: ReactNode }) {
  const { t } = useTranslation('problems');
  return (
    <div className="beside" data-open={beside.openId !== null}>
      <div className="beside-list">{children}</div>
      {beside.openId !== null && (
        <aside className="beside-detail" id={DETAIL_ID} tabIndex={-1} aria-label={t('drawer')}>
          <Suspense fallback={<Loading />}>
            <ProblemDetail id={beside.openId} onClose={beside.close} />
          </Suspense>
          <Text size="xs" c="dimmed" className="beside-keys">
            {t('keysHint')}
          </Text>
        </aside>
      )}
    </div>
  );
}
