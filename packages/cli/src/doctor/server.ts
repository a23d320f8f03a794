/** What a running server tells: health, readiness, and how it is set up. */
import {
  type ApiClient,
  ApiError,
  createApiClient,
  type Node,
  type NodeDifference,
} from '@piculus/protocol/http';
import type { CliClock } from '../clock.ts';
import { type Finding, good, note, warning, wrong } from './finding.ts';
import { checkSkew } from './machine.ts';

export interface ServerFindings {
  readonly answers: boolean;
  readonly findings: readonly Finding[];
}

export async function checkServer(url: string, clock: CliClock): Promise<ServerFindings> {
  let date: string | null = null;
  let askedAt = clock.now();
  const api = createApiClient({
    baseUrl: url,
    timeoutMs: 5_000,
    fetch: async (...call) => {
      askedAt = clock.now();
      const response = await fetch(...call);
      date = response.headers.get('date');
      return response;
    },
  });
  try {
    const { version } = await api.getHealth();
    const findings = [good('server', `a server answers at ${url}, version ${version}`)];
    // The header has whole seconds, so it is compared with the middle of its second.
    if (date !== null)
      findings.push(checkSkew('server-clock', "the server's clock", Date.parse(date) + 500 - askedAt));
    findings.push(await checkReadiness(api));
    return { answers: true, findings };
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unreachable') {
      return {
        answers: false,
        findings: [
          wrong('server', `no server answers at ${url}`, 'start it: piculus serve; or give another --url'),
        ],
      };
    }
    return {
      answers: false,
      findings: [
        wrong('server', `what answers at ${url} is no Piculus server of this version`, 'check --url'),
      ],
    };
  }
}

async function checkReadiness(api: ApiClient): Promise<Finding> {
  try {
    await api.getReadiness();
    return good('ready', 'it is ready to work');
  } catch (error) {
    const why = error instanceof ApiError ? `${error.code}: ${error.message}` : String(error);
    return wrong(
      'ready',
      `it cannot work now: ${why}`,
      'see its log; it recovers by itself when the reason is gone',
    );
  }
}

/** Whether the servers on one database have alike what they must have alike. */
export function checkNodes(nodes: readonly Node[]): Finding[] {
  const working = nodes.filter(({ state }) => state !== 'gone');
  const differing = working.filter(({ differences }) => differences.length > 0);
  const findings = differing.map(({ host, pid, address, differences }) =>
    wrong(
      'nodes',
      `the server ${host}:${pid} at ${address} has another ${differences.map((each) => WORDS[each]).join(' and another ')}`,
      'give all servers on one database the same secret and the same keys',
    ),
  );
  if (working.length > 1 && findings.length === 0)
    findings.push(good('nodes', `${working.length} servers work on this database, with the same keys`));
  return findings;
}

const WORDS: Readonly<Record<NodeDifference, string>> = {
  secret: 'secret',
  'signing-key': 'signing key in use',
  'audit-key': 'key of checkpoints',
};

/** Needs a sign-in. */
export async function checkSetup(api: ApiClient): Promise<Finding[]> {
  const [{ items: systems }, { items: solutions }, stats, { items: nodes }] = await Promise.all([
    api.listSystems(),
    api.listSolutions(),
    api.getStats(),
    api.listNodes(),
  ]);
  const findings: Finding[] = checkNodes(nodes);
  if (systems.length === 0)
    return [...findings, note('systems', 'no system is registered yet: piculus systems create CODE')];
  for (const { sysCode, enabled, clientsConnected, collectCron } of systems) {
    if (!enabled) {
      findings.push(note('systems', `${sysCode} is disabled`));
      continue;
    }
    const { items: keys } = await api.listSystemKeys({ params: { sysCode } });
    if (keys.every(({ revokedAt }) => revokedAt !== null)) {
      findings.push(
        wrong('keys', `${sysCode} has no key that is not revoked`, 'create one in the API or the console'),
      );
    }
    if (clientsConnected === 0)
      findings.push(
        warning('clients', `no client of ${sysCode} is connected`, 'start its program; is its key right?'),
      );
    if (collectCron === null)
      findings.push(note('collect', `${sysCode} has no collect cron; it is collected only by hand`));
    if (solutions.every((solution) => solution.sysCode !== sysCode)) {
      findings.push(
        warning(
          'solutions',
          `${sysCode} has no solutions: its problems wait`,
          'piculus solutions import FILE',
        ),
      );
    }
  }
  for (const { sysCode, fixCode, warnings } of solutions) {
    for (const { message } of warnings)
      findings.push(
        warning(
          'solutions',
          `${sysCode}/${fixCode}: ${message.en}`,
          'start a client that has this fix, or correct the solution',
        ),
      );
  }
  for (const { sysCode, message } of stats.alarms)
    findings.push(warning('alarm', `${sysCode}: ${message.en}`, 'see the last collection of this system'));
  return findings.some(({ verdict }) => verdict !== 'good')
    ? findings
    : [...findings, good('setup', 'systems, keys, clients and solutions fit together')];
}
