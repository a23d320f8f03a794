/** Puts the parts together: theme, what was read, who is signed in, the live stream, the pages. */
import { MantineProvider } from '@mantine/core';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';
import { createQueries, readAhead } from '../api/queries.ts';
import { LiveProvider } from './live.tsx';
import { createPages } from './routes.tsx';
import { createSessionSignal, SessionProvider, type SessionSignal, WHO_IS_SIGNED_IN } from './session.tsx';
import { colorSchemes, theme } from './theme.ts';

export interface Parts {
  readonly signal: SessionSignal;
  readonly queries: QueryClient;
  readonly pages: ReturnType<typeof createPages>;
}

/**
 * Begins at once with what the first page needs, while the words are on their way: its file, who is signed in, and
 * the figures and systems that the menu, the home page and most lists show.
 */
export function createParts(): Parts {
  const signal = createSessionSignal();
  const queries = createQueries(signal.signedOut);
  const begin = async (): Promise<void> => {
    const me = await queries.fetchQuery(WHO_IS_SIGNED_IN);
    if (me === null || me.passwordIsOneTime || me.secondFactorMissing) return;
    readAhead(queries, 'getStats');
    readAhead(queries, 'listSystems');
  };
  // A failure is told by the page, which asks the same.
  begin().catch(() => {});
  return { signal, queries, pages: createPages() };
}

export function App({ parts }: { parts: Parts }) {
  return (
    // The policy of the page allows no styles made at run time: variables and classes come from files.
    <MantineProvider
      theme={theme}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={parts.queries}>
        <SessionProvider signal={parts.signal}>
          <LiveProvider signal={parts.signal}>
            <RouterProvider router={parts.pages} />
          </LiveProvider>
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
