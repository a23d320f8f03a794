/** What is around every page: the header, the menu, the place of the page. */
import { Burger, Drawer, NavLink } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink as RouterLink, Outlet, useLocation, useNavigationType } from 'react-router';
import { useRead } from '../api/queries.ts';
import { Count } from '../parts/Count.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Page } from '../parts/Page.tsx';
import { HaltBanner } from './HaltBanner.tsx';
import { LiveBadge } from './LiveBadge.tsx';
import { entryOf, isFor, MENU } from './menu.ts';
import { OrderSearch } from './OrderSearch.tsx';
import { Preferences } from './Preferences.tsx';
import { useMay } from './session.tsx';
import { StopSwitch } from './StopSwitch.tsx';

export function Shell() {
  const { t } = useTranslation('shell');
  const { t: words } = useTranslation();
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu of a phone.
  useEffect(() => setOpen(false), [pathname]);
  useTopOfPage();
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        {t('skip')}
      </a>
      <header className="shell-header">
        <Burger
          className="shell-burger"
          size="sm"
          opened={open}
          onClick={() => setOpen(!open)}
          aria-label={t('menu')}
          aria-expanded={open}
        />
        <RouterLink to="/" className="shell-brand">
          <img src="/piculus.svg" alt="" width={26} height={26} />
          <span>Piculus</span>
        </RouterLink>
        <OrderSearch />
        <div className="shell-tools">
          <LiveBadge />
          <StopSwitch />
          <Preferences />
        </div>
      </header>
      <nav className="shell-nav" aria-label={t('menu')}>
        <MenuList />
      </nav>
      <Drawer
        opened={open}
        onClose={() => setOpen(false)}
        title={t('menu')}
        size="17rem"
        closeButtonProps={{ 'aria-label': words('close') }}
      >
        <nav aria-label={t('menu')}>
          <MenuList />
        </nav>
      </Drawer>
      <div className="shell-content" id="content" tabIndex={-1}>
        <HaltBanner />
        <Allowed />
      </div>
    </div>
  );
}

/** The page, or why it is not shown. */
function Allowed() {
  const { t } = useTranslation('roles');
  const may = useMay();
  const { pathname } = useLocation();
  // Everybody has an account of their own.
  if (pathname.startsWith('/account')) return <Outlet />;
  const entry = entryOf(pathname);
  const nothing = !may.mayAnywhere('view');
  if (!nothing && (entry === undefined || isFor(entry, may))) return <Outlet />;
  const title = nothing ? t('nothingTitle') : t('notAllowedTitle');
  return (
    <Page title={title} ready>
      <Empty title={nothing ? t('nothing') : t('notAllowed')} />
    </Page>
  );
}

/**
 * A new page begins at its top, with the focus before its heading: a link in the menu says nothing of what it led
 * to. The way back is the browser's, which knows where one was; a change within a page moves nothing.
 */
function useTopOfPage(): void {
  const { pathname, hash } = useLocation();
  const way = useNavigationType();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    if (way === 'POP' || hash !== '') return;
    window.scrollTo(0, 0);
    const content = document.getElementById('content');
    // A page may have put it into a field of its own.
    if (!content?.contains(document.activeElement)) content?.focus({ preventScroll: true });
  }, [pathname, hash, way]);
}

function MenuList() {
  const { t } = useTranslation('shell');
  const may = useMay();
  const stats = useRead('getStats', {}, { enabled: may.mayAnywhere('view') });
  const waiting = stats.data?.waitsForPerson ?? 0;
  const asked = useRead(
    'listApprovals',
    { query: { tab: 'to-decide', limit: 100 } },
    { enabled: may.mayAnywhere('approve') },
  );
  const toDecide = asked.data?.items.length ?? 0;
  const counts: Readonly<Record<string, ReactNode>> = {
    '/handling': waiting > 0 && <Count value={waiting} label={t('waiting', { count: waiting })} />,
    '/approvals': toDecide > 0 && <Count value={toDecide} label={t('toDecide', { count: toDecide })} />,
  };
  const groups = MENU.map(({ name, entries }) => ({
    name,
    entries: entries.filter((entry) => isFor(entry, may)),
  })).filter(({ entries }) => entries.length > 0);
  return groups.map((group) => (
    <div key={group.name ?? ''} className="menu-group">
      {group.name !== null && <p className="menu-heading">{t(group.name)}</p>}
      {group.entries.map(({ to, name }) => (
        <NavLink
          key={to}
          component={RouterLink}
          to={to}
          end={to === '/'}
          label={t(name)}
          className="menu-link"
          rightSection={counts[to]}
        />
      ))}
    </div>
  ));
}
