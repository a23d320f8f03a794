/**
 * Reading from the API. Every read is known by its route and input; a live event names a topic, and what was read
 * under that topic and is on the screen is read again, so that no page asks to be reloaded.
 */
import {
  type ApiError,
  type CallInput,
  type LiveEvent,
  type RouteName,
  type RouteResponse,
  ROUTES,
} from '@piculus/protocol/http';
import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  type QueryKey,
  type UseQueryResult,
  useQuery,
} from '@tanstack/react-query';
import { api, asApiError } from './client.ts';

export type Topic = LiveEvent['topic'];

/** The topics whose events make an answer old. Routes that are missing here are never old by an event. */
const TOPICS: { readonly [N in RouteName]?: readonly Topic[] } = {
  listProblems: ['problems', 'executions', 'solutions', 'limits', 'approvals'],
  countProblems: ['problems', 'executions', 'solutions', 'limits', 'approvals'],
  getProblem: ['problems', 'executions', 'solutions', 'limits', 'approvals'],
  listProblemMessages: ['messages'],
  listBulkRuns: ['bulk-runs'],
  getBulkRun: ['bulk-runs'],
  listBulkRunItems: ['bulk-runs'],
  listCollections: ['collections'],
  getCollection: ['collections'],
  listExecutions: ['executions'],
  listLeases: ['executions'],
  listMessages: ['messages'],
  getMessageStats: ['messages'],
  listClients: ['clients'],
  listNodes: ['clients'],
  listSolutions: ['solutions'],
  getSolution: ['solutions'],
  listSolutionVersions: ['solutions'],
  listSystems: ['systems', 'collections', 'clients'],
  listSystemKeys: ['systems'],
  listAudit: ['audit'],
  getAuditChain: ['audit'],
  getStats: ['problems', 'executions', 'collections', 'clients', 'solutions', 'limits'],
  listLimits: ['limits', 'solutions', 'systems', 'executions'],
  listHalts: ['limits'],
  listApprovals: ['approvals'],
  getApproval: ['approvals'],
  getApprovalPolicy: ['approvals'],
};

type Reading = {
  [N in RouteName]: (typeof ROUTES)[N]['method'] extends 'GET' ? N : never;
}[RouteName];
/** The input of a read: parameters and query; the signal is ours. */
export type ReadInput<N extends RouteName> = Omit<CallInput<N>, 'signal' | 'idempotencyKey'>;

export interface ReadOptions {
  /** False: not now. */
  readonly enabled?: boolean;
  /** Show the answer to the input before while the next one is on its way. */
  readonly keep?: boolean;
}

/** Reads a route before anything shows it: whoever shows it then waits less. A failure is told where it is shown. */
export function readAhead<N extends Reading>(queries: QueryClient, name: N, input?: ReadInput<N>): void {
  void queries.prefetchQuery({
    queryKey: [name, input ?? {}],
    queryFn: ({ signal }) => callRead(name, { ...input, signal }),
  });
}

/** Reads a route and keeps it fresh while it is on the screen. */
export function useRead<N extends Reading>(
  name: N,
  input?: ReadInput<N>,
  options: ReadOptions = {},
): UseQueryResult<RouteResponse<N>, ApiError> {
  return useQuery<RouteResponse<N>, ApiError>({
    queryKey: [name, input ?? {}],
    queryFn: ({ signal }) => callRead(name, { ...input, signal }),
    enabled: options.enabled ?? true,
    ...(options.keep === true ? { placeholderData: keepPreviousData } : {}),
  });
}

/** The methods of the client are one per route; the compiler cannot follow that through a type parameter. */
function callRead<N extends Reading>(name: N, input: object): Promise<RouteResponse<N>> {
  const call = api[name] as (input: object) => Promise<RouteResponse<N>>;
  return call(input);
}

/** @returns the client that holds what was read. `onSignedOut` is called when any call finds nobody signed in. */
export function createQueries(onSignedOut: () => void): QueryClient {
  const onError = (error: unknown): void => {
    const { code } = asApiError(error);
    if (code === 'not-signed-in') onSignedOut();
    // What has to be done before anything else is told with who is signed in.
    if (code === 'second-factor-required') void queries.invalidateQueries({ queryKey: ['getMe'] });
  };
  const queries = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      // An act that waits in silence for the network would happen when nobody expects it any more.
      mutations: { networkMode: 'always' },
      queries: {
        networkMode: 'always',
        // Events say when an answer is old; coming back to the window is no reason to ask again.
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => asApiError(error).retryable && failures < 3,
        retryDelay: (failures) => Math.min(500 * 2 ** failures, 10_000) * (0.5 + Math.random() / 2),
      },
    },
  });
  return queries;
}

/** Reads again what these topics made old and is on the screen; the rest is read when it is next shown. */
export function refresh(queries: QueryClient, topics: ReadonlySet<Topic>): void {
  const isOld = ({ queryKey: [name] }: { queryKey: QueryKey }): boolean => {
    const about = isRoute(name) ? TOPICS[name] : undefined;
    return about?.some((topic) => topics.has(topic)) ?? false;
  };
  const onTheWay = queries.getQueryCache().findAll({ predicate: isOld, fetchStatus: 'fetching' });
  // An answer that is on its way is not thrown away, or a flood of events would let none arrive.
  const read = queries.invalidateQueries({ predicate: isOld }, { cancelRefetch: false });
  if (onTheWay.length === 0) return;
  // But it may have been asked for before the change, so that it is asked for once more when it has come.
  const again = new Set(onTheWay.map(({ queryHash }) => queryHash));
  void read.then(() =>
    queries.invalidateQueries(
      { predicate: ({ queryHash }) => again.has(queryHash) },
      { cancelRefetch: false },
    ),
  );
}

function isRoute(name: unknown): name is RouteName {
  return typeof name === 'string' && Object.hasOwn(ROUTES, name);
}
