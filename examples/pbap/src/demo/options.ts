/** The demo's command line and environment, checked. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PROFILES, type Profile } from '../bank/profile.ts';
import { DemoError } from './demo-error.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  /** Absolute; null for made transactions. */
  readonly transactions: string | null;
  readonly orders: number;
  readonly anomalies: number;
  readonly seed: number;
  readonly profile: Profile;
  /** Solutions begin as manual: every repair waits for a click. */
  readonly manual: boolean;
  readonly fresh: boolean;
  /** Absolute; where the demo keeps its data. Null for its own folder in the checkout. */
  readonly folder: string | null;
  readonly yes: boolean;
  /** First port to try for the server; 0 takes any free one. */
  readonly port: number;
  /** Which production systems there are. */
  readonly systems: readonly SystemCode[];
  /** Where the clients find the server, for instance a balancer; null for the server itself. */
  readonly clientUrl?: string | null;
  /** A server that runs already; null, or left out: the demo starts one. */
  readonly join?: JoinOptions | null;
  /** By which the clients come in; null, or left out: by WebSocket. */
  readonly nats?: { readonly url: string; readonly folder: string } | null;
  /** Databases that the environment names; null for embedded ones. */
  readonly databaseUrls: Readonly<Record<DatabaseName, string | null>>;
}

export interface JoinOptions {
  readonly url: string;
  /** Absolute; of the administrator, one-time or not. */
  readonly adminPasswordFile: string;
}

export type SystemCode = 'PBAP' | 'PBMS';
/** The databases of the demo; each is one of its own. */
export type DatabaseName = 'piculus' | 'pbap' | 'bank' | 'pbms' | 'pbms-bank';

export const HELP = `npm start -- [options]        the demo: a server, a bank, and a production system with broken payments

  --once               run on fresh temporary databases, repair everything, check the money, end
  --json               with --once: one JSON object on stdout, everything else on stderr
  --transactions FILE  CSV with order_no,account_no,type,amount,currency,created_at
  --orders N           without a file: how many to make (default 2000)
  --anomalies N        of each of the ten kinds (default 20)
  --seed N             repeats a run (default 1)
  --profile NAME       how the bank behaves: ${PROFILES.join(', ')} (default honest)
  --systems N          1: PBAP; 2: PBAP and PBMS (default 1)
  --manual             every repair waits for your click (at the first start; later the console decides)
  --port N             port of the server (default 7070, with --once any; the next free one where it is taken)
  --fresh              start over: deletes the demo's embedded databases, after asking
  --folder DIR         where it keeps its data (default .piculus/demo in the checkout)
  --yes                with --fresh: do not ask
  --help               this text

PICULUS_DATABASE_URL, PBAP_DATABASE_URL and BANK_DATABASE_URL (PBMS_DATABASE_URL, PBMS_BANK_DATABASE_URL) put the
databases on PostgreSQL. Nothing is ever dropped there. PICULUS_CLIENT_URL is where the clients find the server, where
a balancer stands between. PICULUS_SERVER_URL and PICULUS_ADMIN_PASSWORD_FILE name a server that runs already, and
PICULUS_NATS_URL and PICULUS_NATS_FOLDER, as \`piculus nats config\` wrote it, let the clients come by NATS.
`;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws DemoError with exit code 2, or `'help'` where help was asked for. */
export function readOptions(args: readonly string[], env: Environment, folder: string): DemoOptions | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  if (values.json === true && values.once !== true) throw new DemoError('--json needs --once', 2);
  if (values.fresh === true && values.once === true) {
    throw new DemoError('--once always starts on fresh temporary databases; leave out --fresh', 2);
  }
  if (values.manual === true && values.once === true) {
    throw new DemoError('--once repairs everything by itself; leave out --manual', 2);
  }
  if (values.transactions !== undefined && values.orders !== undefined) {
    throw new DemoError('give either --transactions or --orders', 2);
  }
  const profile = values.profile ?? 'honest';
  const known = PROFILES.find((each) => each === profile);
  if (known === undefined)
    throw new DemoError(`--profile must be one of ${PROFILES.join(', ')}, not "${profile}"`, 2);
  return {
    once: values.once === true,
    json: values.json === true,
    transactions: values.transactions === undefined ? null : resolve(folder, values.transactions),
    orders: whole('--orders', values.orders, 2_000, 1, 1_000_000),
    anomalies: whole('--anomalies', values.anomalies, 20, 0, 10_000),
    seed: whole('--seed', values.seed, 1, 0, 2_147_483_647),
    profile: known,
    manual: values.manual === true,
    fresh: values.fresh === true,
    folder: values.folder === undefined ? null : resolve(folder, values.folder),
    yes: values.yes === true,
    // A run without a person has no address to open, so it takes no port that somebody may want.
    port:
      values.once === true && values.port === undefined ? 0 : whole('--port', values.port, 7_070, 1, 65_535),
    systems: whole('--systems', values.systems, 1, 1, 2) === 1 ? ['PBAP'] : ['PBAP', 'PBMS'],
    clientUrl: env.PICULUS_CLIENT_URL?.trim() || null,
    join: pair(env, 'PICULUS_SERVER_URL', 'PICULUS_ADMIN_PASSWORD_FILE', (url, file) => ({
      url,
      adminPasswordFile: resolve(folder, file),
    })),
    nats: pair(env, 'PICULUS_NATS_FOLDER', 'PICULUS_NATS_URL', (keys, url) => ({
      url,
      folder: resolve(folder, keys),
    })),
    databaseUrls: {
      piculus: databaseUrl(env, 'PICULUS_DATABASE_URL'),
      pbap: databaseUrl(env, 'PBAP_DATABASE_URL'),
      bank: databaseUrl(env, 'BANK_DATABASE_URL'),
      pbms: databaseUrl(env, 'PBMS_DATABASE_URL'),
      'pbms-bank': databaseUrl(env, 'PBMS_BANK_DATABASE_URL'),
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        once: { type: 'boolean' },
        json: { type: 'boolean' },
        transactions: { type: 'string' },
        orders: { type: 'string' },
        anomalies: { type: 'string' },
        seed: { type: 'string' },
        profile: { type: 'string' },
        systems: { type: 'string' },
        port: { type: 'string' },
        manual: { type: 'boolean' },
        fresh: { type: 'boolean' },
        folder: { type: 'string' },
        yes: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new DemoError(`${error instanceof Error ? error.message : String(error)}\nTry --help.`, 2);
  }
}

function whole(flag: string, value: string | undefined, otherwise: number, min: number, max: number): number {
  if (value === undefined) return otherwise;
  const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new DemoError(`${flag} must be a whole number from ${min} to ${max}, not "${value}"`, 2);
}

/** Null where the first of the two is not set. */
function pair<T>(env: Environment, name: string, other: string, make: (first: string, second: string) => T) {
  const [first, second] = [env[name]?.trim() || null, env[other]?.trim() || null];
  if (first === null) return null;
  if (second === null) throw new DemoError(`${name} needs ${other} beside it`, 2);
  return make(first, second);
}

function databaseUrl(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  if (value === undefined || value === '') return null;
  // The value is not repeated, because it may hold a password.
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    throw new DemoError(`${name} must be an address that begins with postgres://`, 2);
  }
  return value;
}
