/** Systems with one of everything in each, made by the server's own rooms: what tests of permissions look at. */
import { randomBytes } from 'node:crypto';
import type { FixCommand, ProblemReport } from '@piculus/protocol';
import { ANYONE } from '../support/callers.ts';
import type { Context, Session } from '../../packages/server/src/base/services.ts';
import { insertApproval, readPolicy } from '../../packages/server/src/store/approvals.ts';
import { transaction } from '../../packages/server/src/store/pool.ts';
import { createRooms, type Rooms } from '../../packages/server/src/rooms.ts';

export const FIX = 'interRechargeFixServiceImpl';

export interface SeededSystem {
  readonly sysCode: string;
  readonly keyId: string;
  readonly clientId: string;
  readonly solutionId: string;
  readonly collectionId: string;
  readonly bulkRunId: string;
  readonly leaseId: string;
  /** A request for a second person by nobody of the test. */
  readonly approvalId: string;
  /** Oldest first; see `seedSystem` for what became of each. */
  readonly problemIds: readonly string[];
}

/** Ids and codes are one namespace of words, so that a text of an answer can be searched for a foreign one. */
export const markOf = (sysCode: string): string => `of-${sysCode.toLowerCase()}`;

export function roomsOf(context: Context): Rooms {
  return createRooms(context, { leaseMs: 600_000 });
}

/**
 * Reports so many problems and lets four of them run: the first is fixed, the second failed, two are under an open
 * lease. The others wait for a click, the last of all for a person.
 */
export async function seedSystem(
  { context, rooms }: { context: Context; rooms: Rooms },
  sysCode: string,
  problems: number,
): Promise<SeededSystem> {
  const clientId = `client-${markOf(sysCode)}`;
  await rooms.systems.create({ ...SYSTEM, sysCode, name: `name-${markOf(sysCode)}` }, ANYONE);
  const [key] = await rooms.systems.keys(sysCode, ANYONE);
  await rooms.clients.connected(sysCode, helloOf(clientId));
  const solution = await rooms.solutions.create({ ...SOLUTION, sysCode, fixCode: FIX }, ANYONE);
  const session = sessionOf(sysCode, clientId);
  const collectionId = await collect(rooms, session, reports(context, sysCode, problems));
  const page = { limit: 500, sysCode: [sysCode] };
  const problemIds = (await rooms.problems.list(page, ANYONE)).items.map(({ id }) => id).reverse();
  const { bulkRunId } = await rooms.problems.runBulk(problemIds.slice(0, 4), ANYONE, 'seeded');
  const command = await rooms.executions.claim(session, 4);
  if (command === null || command.items.length !== 4) throw new Error('the seeded run was not leased');
  await rooms.executions.record(session, answersTo(context, command));
  for (const [index, type] of ['hello', 'heartbeat', 'fix'].entries()) recordMessage(type, index);
  await rooms.messages.flush();
  const { leaseId } = command;
  return {
    sysCode,
    keyId: key?.id ?? '',
    clientId,
    solutionId: solution.id,
    collectionId,
    bulkRunId,
    leaseId,
    approvalId: await requestOf(context, sysCode, problemIds.slice(5, 6)),
    problemIds,
  };

  function recordMessage(type: string, index: number): void {
    rooms.messages.record({
      messageId: `message-${index}-${markOf(sysCode)}`,
      direction: 'in',
      type,
      sysCode,
      clientId,
      state: 'accepted',
      ...(command === null ? {} : { leaseId: command.leaseId }),
      sizeBytes: 100,
      latencyMs: 1,
      at: context.clock.now(),
      payload: { about: markOf(sysCode) },
    });
  }
}

async function requestOf({ db, clock }: Context, sysCode: string, ids: string[]): Promise<string> {
  const at = clock.now();
  const id = await transaction(db, async (tx) =>
    insertApproval(
      tx,
      {
        kind: 'run-many',
        command: { kind: 'run-many', ids },
        commandHash: randomBytes(32),
        evidence: {},
        preview: { problems: 0, amounts: [], sample: [], plan: null, changes: [], impact: null },
        needs: [],
        sysCodes: [sysCode],
        policyVersion: (await readPolicy(tx)).version,
        reason: `of-${markOf(sysCode)}`,
        requestedBy: 'nobody',
        requestedById: 'nobody',
        requestedVia: 'session',
        requestedFrom: null,
        requestedAt: at,
        expiresAt: new Date(at.getTime() + 86_400_000),
        hash: randomBytes(32),
      },
      ids,
    ),
  );
  return id ?? '';
}

const SYSTEM = { collectCron: null, collectTimeZone: 'UTC', collectWindowMs: 86_400_000 };
export const SOLUTION = {
  maxRetries: 3,
  // No tick comes while the tests run.
  retryCron: '0 0 0 1 1 ?',
  timeZone: 'UTC',
  executionMode: 'manual' as const,
  status: 'enabled' as const,
  level: 'important' as const,
  description: '',
};

const helloOf = (clientId: string) => ({
  clientId,
  protocolVersions: [1],
  sdk: { name: 'test', version: '1' },
  application: { name: 'seeded', version: '1' },
  host: `host-${clientId}`,
  pid: 1,
  places: 10,
  collectors: [FIX],
  fixes: [FIX],
  leases: [],
});

export function sessionOf(sysCode: string, clientId: string): Session {
  return {
    clientId,
    sysCode,
    clientVersion: '1',
    places: 10,
    freePlaces: 10,
    collectors: new Set([FIX]),
    fixes: new Set([FIX]),
    send: async () => {},
  };
}

/** What a client reports: the last one is for a person. */
export function reports({ clock }: Context, sysCode: string, count: number): ProblemReport[] {
  const side = { state: 'x', source: 'test', observedAt: clock.now().toISOString(), fields: {} };
  return Array.from({ length: count }, (_, index) => ({
    fixCode: FIX,
    businessKey: `order-${index}-${markOf(sysCode)}`,
    scenario: 'C1' as const,
    handling: index === count - 1 ? ('person' as const) : ('fix' as const),
    amountMinor: String(100 + index),
    currency: 'CNY',
    occurredAt: new Date(clock.now().getTime() - 3_600_000).toISOString(),
    outOfPocket: 'customer' as const,
    facts: { order: side, ledger: side, bank: side },
    contradictions: [],
  }));
}

/** @returns the collection, whose one command has ended. */
async function collect(rooms: Rooms, session: Session, problems: ProblemReport[]): Promise<string> {
  const { sysCode } = session;
  const { id } = await rooms.collections.start({ sysCodes: [sysCode] }, ANYONE, 'click');
  const command = await rooms.collections.claim(session);
  if (command === null) throw new Error('the seeded collection was not handed out');
  const { commandId, epoch } = command;
  await rooms.collections.report(session, { commandId, epoch, sequence: 1, problems });
  const counts = { rowsScanned: problems.length, problemsFound: problems.length, durationMs: 1 };
  await rooms.collections.done(session, { commandId, epoch, complete: true, feeds: [], ...counts });
  return id;
}

function answersTo({ clock }: Context, { leaseId, epoch, items }: FixCommand) {
  const at = clock.now().toISOString();
  const results = items.slice(0, 2).map(({ problemId, commandKey, evidenceHash }, index) => ({
    problemId,
    commandKey,
    ...(evidenceHash === undefined ? {} : { evidenceHash }),
    outcome: index === 0 ? ('fixed' as const) : ('failed' as const),
    scenario: null,
    reason: 'seeded',
    effects: [],
    replayed: false,
    verified: true,
    facts: null,
    startedAt: at,
    finishedAt: at,
  }));
  return { leaseId, epoch, results };
}
