/** A valid request of every route, about one system; a route without one does not compile. */
import type { RouteName } from '@piculus/protocol/http';
import { CAREFUL_RULES } from '../../packages/server/src/approvals/rules.ts';
import { FIX, markOf, type SeededSystem, SOLUTION } from './seed.ts';

export interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a request is about, and what it needs anew each time because it uses it up. */
export interface About extends SeededSystem {
  readonly userId: string;
  /** The key that the server signs with. */
  readonly serverKeyId: string;
  /** A word that no other request has. */
  readonly word: string;
  readonly newSolution: () => Promise<string>;
  readonly newKey: () => Promise<string>;
  readonly newRole: () => Promise<string>;
  readonly newHalt: () => Promise<string>;
  /** A token of the person who asks. */
  readonly newToken: () => Promise<string>;
  /** A view of the person who asks. */
  readonly newView: () => Promise<string>;
}

type Asks = { readonly [N in RouteName]: (about: About) => Ask | Promise<Ask> };

const none = (): Ask => ({});
const ofSystem = ({ sysCode }: About): Ask => ({ query: { sysCode } });
const system = ({ sysCode }: About) => ({ params: { sysCode } });
const problem = ({ problemIds }: About) => ({ params: { id: problemIds[5] ?? '' } });
const solution = ({ solutionId }: About) => ({ params: { id: solutionId } });
const collection = ({ collectionId }: About) => ({ params: { id: collectionId } });
const bulkRun = ({ bulkRunId }: About) => ({ params: { id: bulkRunId } });
const body = { reason: 'because' };
const input = ({ sysCode }: About) => ({ ...SOLUTION, sysCode, fixCode: FIX });

const NO_LIMITS = { executionsPerHour: null, amountsPerHour: [], breaker: null, canary: 0 };

const approval = ({ approvalId }: About) => ({ params: { id: approvalId } });
const serverKey = ({ serverKeyId }: About) => ({ params: { keyId: serverKeyId } });

const user = ({ userId }: About) => ({ params: { id: userId } });

export const ASKS: Asks = {
  // Wrong on purpose: the right one would end what others are about to ask.
  confirmIdentity: () => ({ body: { password: 'not the one of anybody' } }),
  changePassword: () => ({
    body: { currentPassword: 'not the one of anybody', newPassword: 'whatever it would be' },
  }),
  getSignInOptions: none,
  getSecondFactor: none,
  beginSecondFactor: none,
  confirmSecondFactor: () => ({ body: { code: '000000' } }),
  renewRecoveryCodes: none,
  removeSecondFactor: none,
  removeUserSecondFactor: (about) => ({ ...user(about), ...{ body } }),
  listSecondFactorRoles: none,
  setSecondFactorRole: () => ({ params: { role: 'viewer' }, body: { required: false } }),
  listSessions: none,
  endSession: () => ({ params: { id: 'ended long ago' } }),
  endOtherSessions: none,
  listUserSessions: user,
  endUserSessions: user,
  resetUserPassword: user,
  listSystems: none,
  createSystem: ({ word }) => ({ body: { sysCode: word.toUpperCase(), name: word } }),
  changeSystem: (about) => ({ ...system(about), body: { name: `name-${markOf(about.sysCode)}` } }),
  listSystemKeys: system,
  createSystemKey: system,
  revokeSystemKey: async (about) => ({ params: { sysCode: about.sysCode, id: await about.newKey() } }),
  listServerKeys: none,
  addServerKey: none,
  useServerKey: serverKey,
  // The one in use cannot be retired, so that it is there for all.
  retireServerKey: serverKey,
  previewSchedule: () => ({ query: { cron: '0 0 0 * * ?' } }),
  listClients: ofSystem,
  listNodes: none,
  startCollection: ({ sysCode }) => ({ body: { sysCodes: [sysCode] } }),
  listCollections: ofSystem,
  getCollection: collection,
  cancelCollection: collection,
  listProblems: ofSystem,
  countProblems: ofSystem,
  getProblem: problem,
  getCaseFile: problem,
  listProblemMessages: problem,
  previewProblem: problem,
  revealProblem: (about) => ({ ...problem(about), body: { fields: ['order.payee'], ...body } }),
  runProblem: (about) => ({ ...problem(about), body }),
  runProblems: ({ problemIds }) => ({ body: { ids: problemIds.slice(6, 8), ...body } }),
  runMatchingProblems: ({ sysCode }) => ({
    body: { filter: { sysCode: [sysCode], state: ['needs-human'] }, expectedCount: 1, ...body },
  }),
  listBulkRuns: none,
  getBulkRun: bulkRun,
  listBulkRunItems: bulkRun,
  cancelBulkRun: (about) => ({ ...bulkRun(about), body }),
  closeProblem: (about) => ({ ...problem(about), body }),
  reopenProblem: (about) => ({ ...problem(about), body }),
  listExecutions: ofSystem,
  listLeases: none,
  listSolutions: ofSystem,
  createSolution: (about) => ({ body: { ...input(about), fixCode: `${about.word}Fix` } }),
  validateSolution: (about) => ({ body: input(about) }),
  importSolutions: (about) => ({ body: { items: [input(about)], dryRun: true } }),
  getSolution: solution,
  changeSolution: (about) => ({ ...solution(about), body: { description: about.word } }),
  deleteSolution: async ({ newSolution }) => ({ params: { id: await newSolution() } }),
  listSolutionVersions: solution,
  listUsers: none,
  createUser: ({ word }) => ({ body: { username: word, name: word, password: 'long enough for anybody' } }),
  setUserEnabled: ({ userId }) => ({ params: { id: userId }, body: { enabled: true } }),
  setUserGrants: (about) => ({ ...user(about), body: { before: [], grants: [] } }),
  listRoles: none,
  putRole: ({ word }) => ({ params: { name: word }, body: { verbs: ['view'], version: 0 } }),
  deleteRole: async ({ newRole }) => ({ params: { name: await newRole() } }),
  listTokens: none,
  createToken: ({ word }) => ({ body: { name: word, verbs: ['view'] } }),
  revokeToken: async ({ newToken }) => ({ params: { id: await newToken() } }),
  getMe: none,
  listMessages: ofSystem,
  getMessageStats: ofSystem,
  listViews: none,
  createView: ({ word }) => ({ body: { page: 'problems', name: word, query: '', shared: false } }),
  deleteView: async ({ newView }) => ({ params: { id: await newView() } }),
  getStats: none,
  getHealth: none,
  getReadiness: none,
  listAudit: none,
  listLimits: none,
  setLimits: ({ sysCode }) => ({
    body: { sysCode, fixCode: FIX, version: 0, settings: NO_LIMITS, reason: 'because' },
  }),
  listHalts: none,
  stop: ({ sysCode }) => ({ body: { sysCode, ...body } }),
  resume: async ({ newHalt }) => ({ params: { id: await newHalt() }, body }),
  listApprovals: none,
  previewApprovalNeed: ({ problemIds }) => ({
    body: { command: { kind: 'run-many', ids: problemIds.slice(5, 6) } },
  }),
  createApproval: ({ problemIds }) => ({
    body: { command: { kind: 'run-many', ids: problemIds.slice(5, 6) }, ...body },
  }),
  getApproval: approval,
  approve: (about) => ({ ...approval(about), body: { hash: '0'.repeat(64), ...body } }),
  reject: (about) => ({ ...approval(about), body }),
  withdrawApproval: (about) => ({ ...approval(about), body }),
  getApprovalPolicy: none,
  setApprovalPolicy: () => ({
    body: { version: 999, mode: 'as-configured', singlePerson: false, rules: CAREFUL_RULES, ...body },
  }),
  getAuditChain: none,
  verifyAudit: () => ({ body: {} }),
};
