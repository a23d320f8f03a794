/** What a seed means: the faults of one run, drawn before it begins and printed with it. */
import type { Random } from './random.ts';
import { type WorldName, WORLDS_DRAWN, WORLDS_OF_NODES, worldOf } from './worlds.ts';

/** Which server is at the other end: the small stand-in, or nodes of the real one. */
export type ServerKind = 'stand-in' | 'nodes';

export interface NetProfile {
  readonly latencyMs: number;
  /** Chance that a frame is delivered a second time. */
  readonly repeat: number;
  /** Chance per frame that its connection goes silent, one way or both, before it breaks. */
  readonly silence: number;
  readonly breaks: number;
  /** The server counts on more places than a client has: what it sends beyond them waits in the client's queue. */
  readonly overfull: boolean;
  /** What was sent before a connection ended still arrives, as what lies in a receiver's buffer does. */
  readonly drains: boolean;
}

export interface BankProfile {
  readonly answersMs: number;
  /** Chance that a call or its answer is lost. */
  readonly lost: number;
  /** Chance that the system's own request arrives only after minutes. */
  readonly late: number;
  readonly repeats: number;
  readonly settlesMs: number;
  readonly refuses: number;
  readonly returns: number;
  /** When a payee sends back what was settled before the run began, counted from its start. */
  readonly returnsFromMs: number;
  readonly returnsToMs: number;
  /** A request that the bank has is not found for so long. */
  readonly notFoundMs: number;
  /** How many times it finds nothing at all for a while. */
  readonly blindTimes: number;
  readonly statementDelayMs: number;
  readonly onFailure: 'replays-failure' | 'executes-again';
  readonly closes: boolean;
  /** Chance that it denies for a while, in its answers, what its statement shows or what it has closed. */
  readonly denies: number;
}

export interface ProcessProfile {
  readonly clients: number;
  readonly places: number;
  /** Per minute and process. */
  readonly kills: number;
  readonly freezes: number;
  /** Chance that a process ends, or stands still, at one of its own steps. */
  readonly killsAtStep: number;
  readonly freezesAtStep: number;
  readonly freezeMs: number;
  /** The one kind of step at which processes of this run are hit far more often than elsewhere. */
  readonly focus: string;
  readonly focused: number;
  readonly skewMs: number;
}

export interface DatabaseProfile {
  readonly statementMs: number;
  /** Chance per statement that the connection is lost. */
  readonly lost: number;
  /** Chance that a commit happens and its answer is lost. */
  readonly commitUnheard: number;
}

export interface NormalPathProfile {
  readonly callbackMs: number;
  readonly callbackLost: number;
  readonly callbackRepeats: number;
  /** Chance that a callback is booked by the path that looks at nothing but the key. */
  readonly careless: number;
  readonly senderMs: number;
  /** The job that gives up old orders without booking anything; 0 for none. */
  readonly timeoutMs: number;
}

/** What an installation has set about people and limits; amounts are in minor units. */
export interface RulesProfile {
  /** Whether anything needs a second person; where not, none of the amounts below count. */
  readonly twoPeople: boolean;
  /** The largest problem that a tick runs where its scenario has a limit, and that one person runs. */
  readonly tickMinor: number;
  readonly aloneMinor: number;
  /** How many problems one person runs at once, their sum, and the sum of a person's day. */
  readonly bulkProblems: number;
  readonly bulkMinor: number;
  readonly dayMinor: number;
  /** What ticks hand out in an hour over all solutions; 0 for no limit. */
  readonly executionsPerHour: number;
  readonly amountPerHour: number;
  /** How many times somebody throws the stop switch. */
  readonly stops: number;
}

export const NO_RULES: RulesProfile = {
  twoPeople: false,
  tickMinor: 0,
  aloneMinor: 0,
  bulkProblems: 0,
  bulkMinor: 0,
  dayMinor: 0,
  executionsPerHour: 0,
  amountPerHour: 0,
  stops: 0,
};

export interface Profile {
  /** Nodes of the real server; 0 for the stand-in. */
  readonly nodes: number;
  readonly theme: WorldName;
  readonly orders: number;
  /** Names of the recipes that its orders are made by; all of them where none is named. */
  readonly recipes: readonly string[];
  /** How old an order may be when the run begins, and must be before a repair touches a payout. */
  readonly oldestMs: number;
  readonly payoutMinAgeMs: number;
  readonly safetyMs: number;
  readonly livenessMs: number;
  readonly continueMs: number;
  readonly net: NetProfile;
  readonly bank: BankProfile;
  readonly processes: ProcessProfile;
  readonly database: DatabaseProfile;
  readonly normal: NormalPathProfile;
  readonly rules: RulesProfile;
}

/** Steps at which a crash or a stop says most; `begin effects` lies between the evidence and its use. */
const FOCUSES = [
  'begin repair',
  'begin effects',
  'bank answered',
  'sql commit',
  'committed',
  'bank query',
  'bank close',
  'bank submit',
  'sql insert effectKeys',
  'sql insert decisions',
  'commit results',
  'commit lease',
  'read statement',
] as const;

/** @param world the world to be in, whatever the seed says; null where the seed chooses. */
export function drawProfile(random: Random, server: ServerKind, world: WorldName | null = null): Profile {
  const profile = drawAnything(random, server);
  const drawn = random.pick(server === 'nodes' ? WORLDS_OF_NODES : WORLDS_DRAWN);
  return worldOf(profile, world ?? drawn, random);
}

/** Each kind of fault is there in about half of all runs, so that each is also seen alone. */
function drawAnything(random: Random, server: ServerKind): Omit<Profile, 'theme'> {
  const often = (from: number, to: number): number => (random.chance(0.5) ? random.between(from, to) : 0);
  const rarely = (from: number, to: number): number => (random.chance(0.3) ? random.between(from, to) : 0);
  const whole = (value: number): number => Math.round(value);
  return {
    nodes: server === 'stand-in' ? 0 : random.pick([1, 2, 2, 3, 4]),
    orders: random.int(4, 9),
    recipes: [],
    oldestMs: 240_000,
    payoutMinAgeMs: 30_000,
    safetyMs: server === 'nodes' ? random.int(60_000, 100_000) : random.int(100_000, 200_000),
    livenessMs: 420_000,
    continueMs: random.pick([24 * 3_600_000, 90_000, 24 * 3_600_000]),
    net: {
      latencyMs: random.int(1, 80),
      repeat: often(0.01, 0.3),
      silence: often(0.001, 0.01),
      breaks: often(0.001, 0.02),
      overfull: false,
      drains: false,
    },
    bank: {
      answersMs: random.int(5, 400),
      lost: often(0.02, 0.3),
      late: often(0.1, 0.9),
      repeats: often(0.05, 0.4),
      settlesMs: random.pick([0, 2_000, 15_000, 45_000]),
      refuses: often(0.05, 0.4),
      returns: rarely(0.3, 1),
      returnsFromMs: 20_000,
      returnsToMs: 110_000,
      notFoundMs: random.pick([0, 0, 5_000, 25_000]),
      blindTimes: random.pick([0, 0, 1, 2]),
      statementDelayMs: random.pick([1_000, 8_000, 18_000]),
      onFailure: random.chance(0.2) ? 'executes-again' : 'replays-failure',
      closes: true,
      denies: 0,
    },
    processes: {
      clients: random.pick([1, 2, 2, 3]),
      places: random.pick([1, 2, 8]),
      kills: often(0.1, 1),
      freezes: often(0.2, 1.5),
      killsAtStep: often(0.001, 0.02),
      freezesAtStep: often(0.002, 0.02),
      freezeMs: random.pick([5_000, 25_000, 45_000, 120_000]),
      focus: random.pick(FOCUSES),
      focused: often(0.1, 0.8),
      skewMs: random.pick([0, 0, 0, 500, 20_000, 7_200_000]),
    },
    database: {
      statementMs: random.pick([0.5, 3, 30]),
      lost: often(0.001, 0.03),
      commitUnheard: often(0.01, 0.1),
    },
    normal: {
      callbackMs: random.pick([500, 10_000, 60_000]),
      callbackLost: often(0.2, 1),
      callbackRepeats: often(0.1, 0.6),
      careless: often(0.2, 1),
      senderMs: random.pick([3_000, 15_000]),
      timeoutMs: random.chance(0.4) ? whole(random.between(60_000, 120_000)) : 0,
    },
    rules: NO_RULES,
  };
}

/** One line for each group, as a person reads it. */
export function profileLines(profile: Profile): string[] {
  const {
    theme,
    nodes,
    orders,
    recipes,
    oldestMs,
    payoutMinAgeMs,
    safetyMs,
    livenessMs,
    continueMs,
    ...groups
  } = profile;
  const made = recipes.length === 0 ? 'all' : recipes.join(' / ');
  const show = (fields: object): string =>
    Object.entries(fields)
      .map(([key, value]) => `${key} ${typeof value === 'number' ? Number(value.toFixed(4)) : value}`)
      .join(' · ');
  return [
    `run: ${show({ theme, nodes, orders, made, oldestMs, payoutMinAgeMs, safetyMs, livenessMs, continueMs })}`,
    ...Object.entries(groups).map(([name, fields]) => `${name}: ${show(fields)}`),
  ];
}
