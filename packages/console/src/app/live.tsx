/** The live stream as the pages see it: its state, and answers that stay fresh by themselves. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { api, asApiError } from '../api/client.ts';
import { followLive, type LiveStatus } from '../api/live.ts';
import { refresh } from '../api/queries.ts';
import type { SessionSignal } from './session.tsx';

const LiveContext = createContext<LiveStatus>({ state: 'connecting', since: 0 });

export function useLive(): LiveStatus {
  return useContext(LiveContext);
}

export function LiveProvider({ signal, children }: { signal: SessionSignal; children: ReactNode }) {
  const queries = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>({ state: 'connecting', since: Date.now() });
  useEffect(() => {
    // A refused stream does not say why; a page on which nothing is read would never learn it.
    const askWhy = (): void => {
      api.getMe().catch((error: unknown) => {
        if (asApiError(error).code === 'not-signed-in') signal.signedOut();
      });
    };
    return followLive({
      onChange: (topics) => refresh(queries, topics),
      onAccess: (known) => {
        // All that was read was what they might see then.
        if (known === 'changed') queries.removeQueries({ type: 'inactive' });
        void queries.invalidateQueries(known === 'changed' ? {} : { queryKey: ['getMe'] });
      },
      onStatus: setStatus,
      onRefused: askWhy,
    });
  }, [queries, signal]);
  return <LiveContext.Provider value={status}>{children}</LiveContext.Provider>;
}
