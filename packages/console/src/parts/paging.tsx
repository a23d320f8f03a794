/**
 * Keyset paging in the address: `after` names the page, so that a link, a reload and the way back all keep the
 * place. The pages walked through are kept with the history entry, for the way to the page before.
 */
import { Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'react-router';

export interface Paging {
  /** The cursor of the page; undefined on the first one. */
  readonly after: string | undefined;
  readonly next: (cursor: string) => void;
  /** Null on the first page. */
  readonly previous: (() => void) | null;
  /** Counts from 1; null where the page was opened by a link and its number is not known. */
  readonly number: number | null;
  readonly first: () => void;
}

export function usePaging(): Paging {
  const [params, setParams] = useSearchParams();
  const after = params.get('after') ?? undefined;
  const walked = walkedIn(useLocation().state);
  const go = (cursor: string | undefined, trail: readonly string[]): void => {
    // The address itself and not what was rendered: who clicks twice does not go to the same page twice.
    const query = new URLSearchParams(window.location.search);
    if (query.get('after') === (cursor ?? null)) return;
    if (cursor === undefined) query.delete('after');
    else query.set('after', cursor);
    setParams(query, { state: { walked: trail } });
  };
  const back = (): void => {
    const trail = walked ?? [];
    const target = trail.at(-1);
    go(target === undefined || target === '' ? undefined : target, trail.slice(0, -1));
  };
  return {
    after,
    next: (cursor) => go(cursor, [...(walked ?? []), after ?? '']),
    previous: after === undefined ? null : back,
    number: after === undefined ? 1 : walked === null ? null : walked.length + 1,
    first: () => go(undefined, []),
  };
}

function walkedIn(state: unknown): readonly string[] | null {
  if (typeof state !== 'object' || state === null || !('walked' in state)) return null;
  const { walked } = state;
  return Array.isArray(walked) && walked.every((each) => typeof each === 'string') ? walked : null;
}

export function Pager({ paging, next, shown }: { paging: Paging; next: string | null; shown: number }) {
  const { t } = useTranslation();
  if (next === null && paging.previous === null) {
    return shown === 0 ? null : <Footer>{t('rowsShown', { count: shown })}</Footer>;
  }
  return (
    <Group className="pager" justify="space-between" gap="sm">
      <Text size="sm" c="dimmed">
        {paging.number !== null && `${t('pageOf', { page: paging.number })} · `}
        {t('rowsShown', { count: shown })}
      </Text>
      <Group gap="xs">
        {paging.previous !== null && (
          <>
            <Button variant="subtle" size="compact-sm" onClick={paging.first}>
              {t('firstPage')}
            </Button>
            <Button variant="default" size="compact-sm" onClick={paging.previous}>
              {t('previous')}
            </Button>
          </>
        )}
        <Button
          variant="default"
          size="compact-sm"
          disabled={next === null}
          onClick={() => next !== null && paging.next(next)}
        >
          {t('next')}
        </Button>
      </Group>
    </Group>
  );
}

function Footer({ children }: { children: string }) {
  return (
    <Text className="pager" size="sm" c="dimmed">
      {children}
    </Text>
  );
}
