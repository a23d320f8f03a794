/**
 * The rooms of the server as their neighbours see them. Each noun's folder makes one of these from the
 * context; `server.ts` makes them all and hands them to the gateway, the dispatcher and the HTTP routes.
 * Every method that changes something is one transaction and throws a PiculusError where it refuses.
 */
import {
  type ClientMessageBody,
  type CollectCommand,
  type Direction,
  type ErrorCode,
  type FixCommand,
  type MessageState,
  PiculusError,
  type ServerMessageBody,
  type ServerMessageType,
} from '@piculus/protocol';
import type {
  Approval,
  ApprovalCommand,
  ApprovalNeed,
  ApprovalPolicy,
  BulkRun,
  BulkRunItem,
  Client,
  Collection,
  Execution,
  Halt,
  Lease,
  Limits,
  LiveEvent,
  Message,
  Preview,
  Problem,
  ProblemDetail,
  ProblemFilter,
  RouteBody,
  SessionInfo,
  RouteQuery,
  RouteResponse,
  Solution,
  SolutionChange,
  SolutionInput,
  Stats,
  System,
  SystemKey,
  GrantedUser,
  RoleGrant,
  View,
} from '@piculus/protocol/http';
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import type { Bus } from '../nodes/bus.ts';
import type { Caller } from './access.ts';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import type { Steps } from './steps.ts';
import type { Tracing } from './tracing.ts';

/** What every room gets. */
export interface Context {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeId: string;
  readonly events: LiveEvents;
  /** Wakes the dispatch loops in this process after a commit; a hint, polling is the truth. */
  readonly wake: Wake;
  /** Tells the other nodes to look; a hint too. */
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly steps: Steps;
}

export type WakeReason = 'dispatch' | 'collect' | 'solutions' | 'messages' | 'limits' | 'mail';
export interface Wake {
  notify(reason: WakeReason): void;
  /** Resolves at the next notification of this reason, after `ms`, or when the signal fires. */
  wait(reason: WakeReason, ms: number, signal: AbortSignal): Promise<void>;
}

/** Live events to consoles: what changed, resumable from the last id that a reader has seen. */
export interface LiveEvents {
  publish(event: LiveNews): void;
}
/** What changed. An event of no one system is told to all readers, without its ids unless it names its systems. */
export type LiveNews = Omit<LiveEvent, 'at'> & {
  /** What the event names belongs to each of these. */
  readonly systems?: readonly string[];
};

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

/** Who acts: a person's user name, or `policy:<name>`, `cron`. */
export type Actor = string;

/** One background loop. `runOnce` is what tests call; `start` repeats it on its wake reason and a slow poll. */
export interface Loop {
  readonly name: string;
  start(): void;
  stop(): Promise<void>;
  runOnce(): Promise<void>;
}

/** The connection had ended before anything was sent, so the client certainly did not get the message. */
export class NotSent extends PiculusError {
  constructor() {
    super('no-client', 'the connection had ended already');
  }
}

/** A connected client, as the dispatch loops see it; the gateway makes these. */
export interface Session {
  readonly clientId: string;
  /** The number of its connection: higher than of every one before it. Nothing is fenced where there is none. */
  readonly connection?: string | null;
  readonly sysCode: string;
  readonly clientVersion: string;
  readonly places: number;
  readonly collectors: ReadonlySet<string>;
  readonly fixes: ReadonlySet<string>;
  /** Ends it, because its client has a newer connection. */
  replaced?(): void;
  /** Places that are not taken by items under an open lease of this session. */
  readonly freePlaces: number;
  /**
   * Sends a message and resolves when the client acknowledged it.
   * @throws PiculusError with the client's code where it refuses, `no-client` where the connection ended;
   * NotSent where it had ended before.
   */
  send<T extends ServerMessageType>(
    type: T,
    body: ServerMessageBody<T>,
    correlation?: { collectionId?: string; leaseId?: string },
  ): Promise<void>;
}
export interface Sessions {
  all(): readonly Session[];
  bySystem(sysCode: string): readonly Session[];
}

export interface Systems {
  list(caller: Caller): Promise<System[]>;
  create(input: RouteBody<'createSystem'>, caller: Caller): Promise<{ system: System; key: string }>;
  change(sysCode: string, input: RouteBody<'changeSystem'>, caller: Caller): Promise<System>;
  keys(sysCode: string, caller: Caller): Promise<SystemKey[]>;
  createKey(sysCode: string, caller: Caller): Promise<{ key: string; info: SystemKey }>;
  revokeKey(sysCode: string, id: string, caller: Caller): Promise<void>;
  /** @throws PiculusError `invalid-field` that names `cron` or `timeZone`. */
  previewSchedule(cron: string, timeZone: string): RouteResponse<'previewSchedule'>;
  /** @returns the key's system where the key is known, not revoked and its system enabled; otherwise null. */
  authenticate(key: string): Promise<{ sysCode: string; keyId: string } | null>;
  /**
   * As `authenticate`, of somebody who proves a key of the system without sending it.
   * @param proves tells whether the proof was made with the key of this hash.
   */
  authenticateProof(
    sysCode: string,
    proves: (keyHash: Buffer) => boolean,
  ): Promise<{ sysCode: string; keyId: string; keyHash: Buffer } | null>;
}

export interface Clients {
  /** @returns the number of its connection. @throws PiculusError `wrong-system`; Replaced where it has a newer one. */
  connected(
    sysCode: string,
    hello: ClientMessageBody<'hello'>,
    connection?: string | null,
  ): Promise<string | null>;
  /** @throws Replaced where the client has a newer connection than this. */
  heartbeat(
    clientId: string,
    body: ClientMessageBody<'heartbeat'>,
    connection?: string | null,
  ): Promise<void>;
  /** A command was answered; a heartbeat alone does not count as life. */
  answered(clientId: string): Promise<void>;
  disconnected(clientId: string, connection?: string | null): Promise<void>;
  list(filter: RouteQuery<'listClients'>, sessions: Sessions, caller: Caller): Promise<Client[]>;
  /** Fix codes that clients of the system have announced, connected or not. */
  announced(sysCode: string): Promise<ReadonlySet<string>>;
}

export interface Solutions {
  list(filter: RouteQuery<'listSolutions'>, caller: Caller): Promise<Solution[]>;
  get(id: string, caller: Caller): Promise<Solution>;
  create(input: SolutionInput, caller: Caller): Promise<Solution>;
  change(id: string, change: SolutionChange, caller: Caller): Promise<Solution>;
  remove(id: string, caller: Caller): Promise<void>;
  versions(id: string, caller: Caller): Promise<RouteResponse<'listSolutionVersions'>['items']>;
  validate(input: SolutionInput, caller: Caller): Promise<RouteResponse<'validateSolution'>>;
  /** Creates and changes many, all or none. */
  import(input: RouteBody<'importSolutions'>, caller: Caller): Promise<RouteResponse<'importSolutions'>>;
}

export interface Collections {
  start(input: RouteBody<'startCollection'>, caller: Caller, trigger: 'click' | 'cron'): Promise<Collection>;
  list(query: RouteQuery<'listCollections'>, caller: Caller): Promise<Page<Collection>>;
  get(id: string, caller: Caller): Promise<Collection>;
  /** Cancels what is not finished. @returns the commands that a client was still working on. */
  cancel(
    id: string,
    caller: Caller,
  ): Promise<{ collection: Collection; running: { commandId: string; clientId: string }[] }>;
  /** Gives a waiting or abandoned command of the system to this session, under a new epoch. */
  claim(session: Session): Promise<CollectCommand | null>;
  /** Gives a claimed command back that could not be delivered. */
  giveBack(commandId: string, epoch: number): Promise<void>;
  /** Stores one `problems` message: report row, problems, counts, in one transaction. */
  /** @returns the collection's id. */
  report(session: Session, body: ClientMessageBody<'problems'>): Promise<string>;
  /** @returns the collection's id. */
  progress(session: Session, body: ClientMessageBody<'collect-progress'>): Promise<string>;
  /** Ends the command, confirms fixes that it covers. @returns the collection's id. */
  done(session: Session, body: ClientMessageBody<'collect-done'>): Promise<string>;
  renew(clientId: string, commandIds: readonly string[], connection?: string | null): Promise<void>;
}

export type RunAnswer = Omit<RouteResponse<'runProblems'>, 'bulkRunId'>;

/** Whom to ask for unmasked values, and about which record. */
export interface RevealQuestion {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly businessKey: string;
}

export interface Problems {
  list(query: RouteQuery<'listProblems'>, caller: Caller): Promise<Page<Problem>>;
  count(filter: ProblemFilter, caller: Caller): Promise<RouteResponse<'countProblems'>>;
  get(id: string, caller: Caller): Promise<ProblemDetail>;
  /** One click on each: no bulk run. */
  run(ids: readonly string[], caller: Caller, reason: string | undefined): Promise<RunAnswer>;
  runBulk(
    ids: readonly string[],
    caller: Caller,
    reason: string | undefined,
  ): Promise<RouteResponse<'runProblems'>>;
  runMatching(
    input: RouteBody<'runMatchingProblems'>,
    caller: Caller,
  ): Promise<RouteResponse<'runMatchingProblems'>>;
  close(id: string, caller: Caller, reason: string): Promise<Problem>;
  reopen(id: string, caller: Caller, reason: string): Promise<Problem>;
  /** Records that the caller asks for unmasked values. */
  reveal(id: string, asked: RouteBody<'revealProblem'>, caller: Caller): Promise<RevealQuestion>;
  /** All that match, newest first, page by page, with an act however it ends. */
  export(filter: ProblemFilter, caller: Caller): AsyncGenerator<readonly Problem[], void, void>;
}

/** Many problems run at once, and what came of each. */
export interface BulkRuns {
  list(query: RouteQuery<'listBulkRuns'>, caller: Caller): Promise<Page<BulkRun>>;
  get(id: string, caller: Caller): Promise<BulkRun>;
  items(id: string, query: RouteQuery<'listBulkRunItems'>, caller: Caller): Promise<Page<BulkRunItem>>;
  /** Drops what still waits for a client; what a client works on goes on. */
  cancel(id: string, caller: Caller, reason: string): Promise<BulkRun>;
}

/** The filters of lists under names. */
export interface Views {
  /** The actor's own and the shared ones, by name. */
  list(query: RouteQuery<'listViews'>, caller: Caller): Promise<View[]>;
  create(input: RouteBody<'createView'>, caller: Caller): Promise<View>;
  remove(id: string, caller: Caller): Promise<void>;
}

export interface Executions {
  list(query: RouteQuery<'listExecutions'>, caller: Caller): Promise<Page<Execution>>;
  running(caller: Caller): Promise<Lease[]>;
  /**
   * Leases a batch to this session: clicks first, then due ticks, very important first. One transaction.
   * @returns null where nothing is due for what this session can do.
   */
  claim(session: Session, max: number, isDue?: boolean): Promise<FixCommand | null>;
  /** The client refused the lease or went before it had it: as if it had never been claimed. */
  giveBack(leaseId: string, session?: Pick<Session, 'connection'>): Promise<void>;
  /** What this client was handed and did not begin, because it was halted. A repeat changes nothing. */
  takeBack(session: Session, body: ClientMessageBody<'halted'>): Promise<void>;
  /** Appends results and moves their problems, guarded by the lease; repeats change nothing. */
  record(session: Session, body: ClientMessageBody<'fix-results'>): Promise<void>;
  /** Pushes the expiry of these leases out, where they are still this client's. @returns those that are. */
  renew(
    clientId: string,
    leaseIds: readonly string[],
    connection?: string | null,
  ): Promise<ReadonlySet<string>>;
}

/** What is known of a message when it is recorded. */
export interface MessageEntry {
  readonly messageId: string;
  readonly direction: Direction;
  readonly type: string;
  readonly sysCode: string | null;
  readonly clientId: string | null;
  readonly state: MessageState;
  readonly errorCode?: ErrorCode;
  readonly collectionId?: string;
  readonly leaseId?: string;
  readonly sizeBytes: number;
  readonly latencyMs?: number;
  readonly at: Date;
  readonly payload: unknown;
}
export interface Messages {
  /** Buffers and writes in batches; never waits and never throws. */
  record(entry: MessageEntry): void;
  /** Sets state and latency of an outgoing message once its answer came or the connection ended. */
  settle(messageId: string, state: MessageState, latencyMs: number | null, errorCode?: ErrorCode): void;
  list(query: RouteQuery<'listMessages'>, caller: Caller): Promise<Page<Message>>;
  forProblem(problemId: string, caller: Caller): Promise<Message[]>;
  stats(query: RouteQuery<'getMessageStats'>, caller: Caller): Promise<RouteResponse<'getMessageStats'>>;
  flush(): Promise<void>;
}

/** One's own password and sessions, and those of others. */
export interface Account {
  /** @throws PiculusError `invalid-field` where the password is wrong; `too-many-requests`. */
  confirm(input: RouteBody<'confirmIdentity'>, caller: Caller): Promise<void>;
  /** @throws PiculusError `invalid-field` naming what is wrong; `too-many-requests`. */
  changePassword(input: RouteBody<'changePassword'>, caller: Caller): Promise<void>;
  sessions(caller: Caller): Promise<SessionInfo[]>;
  endSession(id: string, caller: Caller): Promise<void>;
  /** @returns how many were ended. */
  endOtherSessions(caller: Caller): Promise<number>;
  sessionsOf(userId: string, caller: Caller): Promise<SessionInfo[]>;
  endSessionsOf(userId: string, caller: Caller): Promise<number>;
  /** @throws PiculusError `reauthentication-required`; `wrong-state` for one's own. */
  resetPassword(userId: string, caller: Caller): Promise<{ username: string; password: string }>;
}

export interface Users {
  list(caller: Caller): Promise<GrantedUser[]>;
  create(input: RouteBody<'createUser'>, caller: Caller): Promise<GrantedUser>;
  /** @throws PiculusError `wrong-state` where nobody would be left who can administer everything. */
  setEnabled(id: string, enabled: boolean, caller: Caller): Promise<GrantedUser>;
  /**
   * @throws PiculusError `wrong-state` likewise, and where they hold something else than was read;
   * `reauthentication-required`.
   */
  setGrants(id: string, input: RouteBody<'setUserGrants'>, caller: Caller): Promise<GrantedUser>;
  grantsOf(id: string): Promise<RoleGrant[]>;
}

/** Limits of what runs unattended, breakers, and the switch that stops it. */
export interface LimitsRoom {
  list(caller: Caller): Promise<Limits[]>;
  /** @throws PiculusError `wrong-state` where they were changed meanwhile. */
  set(input: RouteBody<'setLimits'>, caller: Caller): Promise<Limits>;
  halts(query: RouteQuery<'listHalts'>, caller: Caller): Promise<Page<Halt>>;
  /** After its return no lease of a tick is made there. @throws PiculusError `already-exists`. */
  stop(input: RouteBody<'stop'>, caller: Caller): Promise<Halt>;
  /** @throws PiculusError `wrong-state` where it goes on already, or where only a raised limit lets it. */
  resume(id: string, caller: Caller, reason: string): Promise<Halt>;
}

/** What needs a second person, and who asked for one. */
export interface ApprovalsRoom {
  list(query: RouteQuery<'listApprovals'>, caller: Caller): Promise<Page<Approval>>;
  get(id: string, caller: Caller): Promise<Approval>;
  /** Why this needs a second person; empty where it does not. */
  need(command: ApprovalCommand, caller: Caller): Promise<ApprovalNeed[]>;
  /** @throws PiculusError as the act itself; `already-exists` where the same is asked for. */
  create(
    asked: { readonly command: ApprovalCommand; readonly caller: Caller; readonly reason: string },
    plan: Preview | null,
  ): Promise<Approval>;
  /** Carries it out, or makes it void where something changed; the answer's state says which. */
  approve(id: string, body: RouteBody<'approve'>, caller: Caller): Promise<Approval>;
  reject(id: string, reason: string, caller: Caller): Promise<Approval>;
  withdraw(id: string, reason: string, caller: Caller): Promise<Approval>;
  /** Ends what nobody decided about in time. */
  expire(): Promise<void>;
  policy(caller: Caller): Promise<ApprovalPolicy>;
  setPolicy(input: RouteBody<'setApprovalPolicy'>, caller: Caller): Promise<ApprovalPolicy>;
}

export interface StatsReader {
  read(sessions: Sessions, caller: Caller): Promise<Stats>;
}

export interface Services {
  readonly systems: Systems;
  readonly clients: Clients;
  readonly solutions: Solutions;
  readonly collections: Collections;
  readonly problems: Problems;
  readonly bulkRuns: BulkRuns;
  readonly views: Views;
  readonly executions: Executions;
  readonly messages: Messages;
  readonly limits: LimitsRoom;
  readonly approvals: ApprovalsRoom;
  readonly stats: StatsReader;
}
