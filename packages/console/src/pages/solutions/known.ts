/** The systems there are, and the fixes that their clients have announced, connected or not. */
import type { Client } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useRead } from '../../api/queries.ts';

export interface Known {
  /** False until both lists have arrived. */
  readonly ready: boolean;
  readonly systems: readonly string[];
  /** Announced fix codes by system, in alphabetical order. */
  readonly fixes: ReadonlyMap<string, readonly string[]>;
  /** `system fix` of those that a client which is connected now has announced. */
  readonly connected: ReadonlySet<string>;
}

export function useKnown(): Known {
  const systems = useRead('listSystems');
  const clients = useRead('listClients');
  return useMemo(
    () => ({
      ready: systems.data !== undefined && clients.data !== undefined,
      systems: (systems.data?.items ?? []).map(({ sysCode }) => sysCode),
      ...announcedBy(clients.data?.items ?? []),
    }),
    [systems.data, clients.data],
  );
}

export const nameOf = (sysCode: string, fixCode: string): string => `${sysCode} ${fixCode}`;

/** Pure. */
export function announcedBy(
  clients: readonly Pick<Client, 'sysCode' | 'fixes' | 'connected'>[],
): Pick<Known, 'fixes' | 'connected'> {
  const bySystem = new Map<string, Set<string>>();
  const connected = new Set<string>();
  for (const client of clients) {
    const codes = bySystem.get(client.sysCode) ?? new Set();
    bySystem.set(client.sysCode, codes);
    for (const fix of client.fixes) {
      codes.add(fix);
      if (client.connected) connected.add(nameOf(client.sysCode, fix));
    }
  }
  return {
    fixes: new Map([...bySystem].map(([system, codes]) => [system, [...codes].sort()])),
    connected,
  };
}
