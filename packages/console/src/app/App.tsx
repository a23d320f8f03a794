/** Puts the parts together: theme, what was read, who is signed in, the live stream, the pages. */
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { useState } from 'react';
import { RouterProvider } from 'react-router';
import { createQueries } from '../api/queries.ts';
import { LiveProvider } from './live.tsx';
import { createPages } from './routes.tsx';
import { createSessionSignal, SessionProvider } from './session.tsx';
import { colorSchemes, theme } from './theme.ts';

export function App() {
  const [parts] = useState(() => {
    const signal = createSessionSignal();
    return { signal, queries: createQueries(signal.signedOut), pages: createPages() };
  });
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
