/** What will be done to a run and when: all of it from the seed, before anything is done. */
import { type Random, seededRandom } from '@piculus/example-pbap/demo/random';
import type { MessageFaults } from './proxy/websocket.ts';

export const FAULT_KINDS = [
  'kill-node',
  'kill-client',
  'kill-bank',
  'freeze-node',
  'freeze-client',
  'crash-postgres',
  'stop-postgres',
  'end-sessions',
  'no-connections',
  'disk-full',
  'part-database',
  'half-open',
  'one-way',
  'reset',
  'slow',
  'bank-away',
  'messages',
  'clock',
  'kill-nats',
  'wipe-nats',
  'part-nats',
] as const;
/** Only where clients come over NATS. */
export const NATS_KINDS: readonly FaultKind[] = ['kill-nats', 'wipe-nats', 'part-nats'];
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: string;
  /** How long it lasts; 0 for what is done at once. */
  readonly forMs: number;
  readonly detail: Readonly<Record<string, number | string>>;
}

export interface Profile {
  readonly seed: number;
  /** Of the phase of faults. */
  readonly forMs: number;
  readonly bankProfiles: readonly string[];
  readonly perMinute: Readonly<Record<FaultKind, number>>;
  /** Chances of messages while a fault of messages lasts. */
  readonly messages: MessageFaults;
  readonly freezeMs: readonly [number, number];
  /** How often each kind is planned, whatever the time; null: as often as comes to it in a minute. */
  readonly times: number | null;
}

/** Expected in a minute, before the seed makes each more or less frequent. */
const BASE: Readonly<Record<FaultKind, number>> = {
  'kill-node': 2.2,
  'kill-client': 2.2,
  'kill-bank': 0.7,
  'freeze-node': 1.2,
  'freeze-client': 1.2,
  'crash-postgres': 0.6,
  'stop-postgres': 0.6,
  'end-sessions': 1.2,
  'no-connections': 0.6,
  'disk-full': 0.6,
  'part-database': 1.2,
  'half-open': 1.2,
  'one-way': 1.2,
  reset: 2.5,
  slow: 1.2,
  'bank-away': 0.8,
  messages: 3,
  clock: 1.2,
  'kill-nats': 0.7,
  'wipe-nats': 0.7,
  'part-nats': 0.8,
};
const NODES = ['node-1', 'node-2', 'node-3'] as const;
const CLIENTS = ['pbap-1', 'pbap-2', 'pbms-1', 'pbms-2'] as const;
const FRONT_DOORS = ['pbap-1', 'pbms-1'] as const;
const BANKS = ['bank-of-pbap', 'bank-of-pbms'] as const;
const BANK_PROFILES = ['honest', 'late', 'flaky'] as const;
const WIDE_MS = 30_000;
const JUMPS_S = [-3_600, 7_200, 90_000, -600, 300] as const;

export interface ProfileOptions {
  readonly seed: number;
  readonly forMs: number;
  /** What this machine cannot do. */
  readonly without: readonly FaultKind[];
  /** Where given, these alone. */
  readonly only?: readonly FaultKind[];
  readonly times?: number | null;
  readonly freezeMs?: readonly [number, number] | null;
}

/** Each seed is harder on some things than on others. */
export function makeProfile({ seed, forMs, without, only, times, freezeMs }: ProfileOptions): Profile {
  const random = seededRandom(seed);
  const left = (kind: FaultKind): boolean => without.includes(kind) || only?.includes(kind) === false;
  const perMinute = Object.fromEntries(
    FAULT_KINDS.map((kind) => [kind, left(kind) ? 0 : round(BASE[kind] * (0.5 + random()))]),
  ) as Record<FaultKind, number>;
  return {
    seed,
    forMs,
    perMinute,
    bankProfiles: [pick(BANK_PROFILES, random), pick(BANK_PROFILES, random)],
    messages: {
      drop: round(0.3 * random()),
      repeat: round(0.5 * random()),
      delay: round(0.5 * random()),
      reorder: round(0.3 * random()),
      replay: round(0.1 * random()),
      delayMsMax: Math.round(200 + 5_800 * random()),
    },
    freezeMs: freezeMs ?? [1_000, forMs < 300_000 ? 25_000 : 120_000],
    times: times ?? null,
  };
}

/** Every kind that the profile has is there at least once, spread over the time; each ends before the time does. */
export function makeSchedule(profile: Profile): PlannedFault[] {
  const random = seededRandom(profile.seed ^ 0x2545f491);
  const planned: PlannedFault[] = [];
  for (const kind of FAULT_KINDS) {
    const perMinute = profile.perMinute[kind];
    if (perMinute === 0) continue;
    const count = profile.times ?? Math.max(1, Math.round((perMinute * profile.forMs) / 60_000));
    for (let index = 0; index < count; index += 1) {
      const fault = draw(kind, profile, random);
      const latest = Math.max(0, profile.forMs - fault.forMs - 1_000);
      planned.push({ ...fault, atMs: Math.round(((index + random()) / count) * latest) });
    }
  }
  return oneAtATime(planned.sort((a, b) => a.atMs - b.atMs));
}

/** There is one PostgreSQL and one NATS, and what is down already cannot be stopped. */
const LANES: ReadonlyArray<readonly FaultKind[]> = [
  ['crash-postgres', 'stop-postgres', 'no-connections', 'disk-full'],
  ['kill-nats', 'wipe-nats'],
];

/** What is frozen already cannot be frozen. */
const FREEZES: readonly FaultKind[] = ['freeze-node', 'freeze-client'];

function oneAtATime(planned: readonly PlannedFault[]): PlannedFault[] {
  const freeAt = new Map<readonly FaultKind[] | string, number>();
  return planned
    .map((fault) => {
      const frozen = FREEZES.includes(fault.kind) ? fault.target : undefined;
      const lane = frozen ?? LANES.find((kinds) => kinds.includes(fault.kind));
      if (lane === undefined) return fault;
      const atMs = Math.max(fault.atMs, freeAt.get(lane) ?? 0);
      freeAt.set(lane, atMs + fault.forMs + 4_000);
      return { ...fault, atMs };
    })
    .sort((a, b) => a.atMs - b.atMs);
}

type Drawn = Omit<PlannedFault, 'atMs'>;

function draw(kind: FaultKind, profile: Profile, random: Random): Drawn {
  const between = (from: number, to: number): number => Math.round(from + random() * (to - from));
  const [shortest, longest] = profile.freezeMs;
  // Of a wide span, each length is as likely as one that is twice as long; else most would be far above the lease.
  const freeze = (): number =>
    longest > WIDE_MS ? Math.round(shortest * (longest / shortest) ** random()) : between(shortest, longest);
  const made = (target: string, forMs: number, detail: PlannedFault['detail'] = {}): Drawn => ({
    kind,
    target,
    forMs,
    detail,
  });
  const anyArrow = (): string =>
    random() < 0.6 ? `${pick(CLIENTS, random)}>nodes` : `${pick(CLIENTS, random)}>postgres`;
  const draws: Readonly<Record<FaultKind, () => Drawn>> = {
    'kill-node': () => made(pick(NODES, random), 0, { backAfterMs: between(0, 6_000) }),
    'kill-client': () => made(pick(CLIENTS, random), 0, { backAfterMs: between(0, 6_000) }),
    'kill-bank': () => made(pick(BANKS, random), 0, { backAfterMs: between(0, 3_000) }),
    // Below, at and above the lease of 15 s.
    'freeze-node': () => made(pick(NODES, random), freeze()),
    'freeze-client': () => made(pick(CLIENTS, random), freeze()),
    'crash-postgres': () => made('postgres', between(0, 2_000)),
    'stop-postgres': () => made('postgres', between(500, 4_000)),
    'end-sessions': () => made('postgres', 0, { sessions: between(1, 20) }),
    'no-connections': () => made('postgres', between(4_000, 10_000), { left: between(6, 14) }),
    'disk-full': () => made('postgres', between(2_000, 6_000)),
    'part-database': () => made(`${pick(NODES, random)}>postgres`, between(3_000, 20_000)),
    'half-open': () => made(anyArrow(), between(3_000, 25_000)),
    'one-way': () => made(anyArrow(), between(3_000, 25_000), { blocked: random() < 0.5 ? 'up' : 'down' }),
    reset: () => made(anyArrow(), 0),
    slow: () =>
      made(
        anyArrow(),
        between(5_000, 20_000),
        random() < 0.5 ? { ms: between(50, 500) } : { bytesPerSecond: 20_000 },
      ),
    // The front door's own way, which is used all the time.
    'bank-away': () => made(`${pick(FRONT_DOORS, random)}>bank`, between(2_000, 12_000)),
    messages: () => made(pick(CLIENTS, random), between(5_000, 15_000)),
    'kill-nats': () => made('nats', between(0, 6_000)),
    'wipe-nats': () => made('nats', between(0, 3_000)),
    'part-nats': () => made(`${pick(NODES, random)}>nats`, between(2_000, 15_000)),
    clock: () => made('node-3', between(5_000, 20_000), { seconds: pick(JUMPS_S, random) }),
  };
  return draws[kind]();
}

function pick<T>(from: readonly T[], random: Random): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
}

const round = (value: number): number => Math.round(value * 100) / 100;
