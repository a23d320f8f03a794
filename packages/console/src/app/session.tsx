/**
 * Who is signed in. Nobody: the sign-in page. A session that ends while a page is open is signed in again in a
 * dialog above it, so that what was typed stays.
 */
import type { Me } from '@piculus/protocol/http';
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { api, asApiError } from '../api/client.ts';
import { signOut as endSession } from '../api/session.ts';
import { Loading } from '../parts/Loading.tsx';
import { Notice } from '../parts/Notice.tsx';
import { ChooseOwnPassword } from './ChooseOwnPassword.tsx';
import { ConfirmIdentity } from './ConfirmIdentity.tsx';
import { type May, mayOf } from './may.ts';
import { SetUpFactorFirst } from './SetUpFactorFirst.tsx';
import { SignInDialog, SignInPage } from './SignIn.tsx';

/** Carries "nobody is signed in any more" from the calls, which know no page, to the page. */
export interface SessionSignal {
  readonly signedOut: () => void;
  subscribe(listener: () => void): () => void;
}

export function createSessionSignal(): SessionSignal {
  const listeners = new Set<() => void>();
  return {
    signedOut: () => {
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export interface Session {
  readonly user: Me;
  /** Ends the session here and on the server. @throws ApiError `unreachable`. */
  signOut(): Promise<void>;
}

/** Null: nobody. */
export const WHO_IS_SIGNED_IN = queryOptions({
  queryKey: ['getMe'],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await api.getMe();
    } catch (error) {
      // No session is an answer here, not a failure.
      if (asApiError(error).code === 'not-signed-in') return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

const SessionContext = createContext<Session | null>(null);

/** @throws where no one is signed in: pages are only shown to those who are. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no one is signed in');
  return session;
}

export function useMay(): May {
  const { access } = useSession().user;
  return useMemo(() => mayOf(access), [access]);
}

export function SessionProvider({ signal, children }: { signal: SessionSignal; children: ReactNode }) {
  const queries = useQueryClient();
  const [lost, setLost] = useState(false);
  const me = useQuery(WHO_IS_SIGNED_IN);
  const user = me.data ?? null;

  const signIns = useRef(0);

  // A call from before somebody signed in again may be answered after it, so that the page asks once more.
  useEffect(
    () =>
      signal.subscribe(() => {
        const before = signIns.current;
        api.getMe().catch((error: unknown) => {
          const isNobody = asApiError(error).code === 'not-signed-in';
          if (isNobody && signIns.current === before) setLost(true);
        });
      }),
    [signal],
  );

  const session = useMemo<Session | null>(
    () =>
      user === null
        ? null
        : {
            user,
            async signOut() {
              await endSession();
              // What was read goes, but not the question who is signed in: the page listens to its answer.
              queries.setQueryData(['getMe'], null);
              queries.removeQueries({ predicate: ({ queryKey: [name] }) => name !== 'getMe' });
              queries.getMutationCache().clear();
            },
          },
    [user, queries],
  );

  const signedIn = async (): Promise<void> => {
    signIns.current += 1;
    setLost(false);
    // It may be another person, who may not see what the first one saw.
    queries.removeQueries({ type: 'inactive' });
    await queries.invalidateQueries();
  };

  if (me.isPending) return <Loading />;
  // A failure to ask again is no reason to take the page away, with all that was typed.
  if (me.data === undefined && me.isError)
    return <Notice error={asApiError(me.error)} onRetry={() => void me.refetch()} />;
  if (session === null) return <SignInPage onSignedIn={signedIn} />;
  const { username, passwordIsOneTime, secondFactorMissing } = session.user;
  if (passwordIsOneTime)
    return (
      <ChooseOwnPassword
        username={username}
        onDone={() => void signedIn()}
        onSignOut={() => void session.signOut().catch(() => me.refetch())}
      />
    );
  if (secondFactorMissing)
    return (
      <>
        <SetUpFactorFirst
          username={username}
          onDone={() => void signedIn()}
          onSignOut={() => void session.signOut().catch(() => me.refetch())}
        />
        <ConfirmIdentity username={username} />
      </>
    );
  return (
    <SessionContext.Provider value={session}>
      {children}
      <ConfirmIdentity username={username} />
      {lost && <SignInDialog username={username} onSignedIn={signedIn} />}
    </SessionContext.Provider>
  );
}
