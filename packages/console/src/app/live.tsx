/** The live stream as the pages see it: its state, and answers that stay fresh by themselves. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { followLive, type LiveStatus } from '../api/live.ts';
import { refresh } from '../api/queries.ts';

const LiveContext = createContext<LiveStatus>({ state: 'connecting', since: 0 });

export function useLive(): LiveStatus {
  return useContext(LiveContext);
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>({ state: 'connecting', since: Date.now() });
  useEffect(
    () => followLive({ onChange: (topics) => refresh(queries, topics), onStatus: setStatus }),
    [queries],
  );
  return <LiveContext.Provider value={status}>{children}</LiveContext.Provider>;
}
