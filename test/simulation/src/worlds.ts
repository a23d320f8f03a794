/**
 * What a run is about, besides chance: some faults say most when they come together. Each of these worlds is built
 * to break one mechanism; a seed is in one of them now and then, and a mutant can ask for the one that is meant for it.
 */
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

export const WORLD_NAMES = [
  'anything',
  'stale answers',
  'old statement',
  'overlap',
  'two decisions',
  'no close',
  'denials',
  'cut off',
  'lost answers',
  'sleepers',
  'blind bank',
  'late answers',
  'rules',
] as const;
export type WorldName = (typeof WORLD_NAMES)[number];

const ANYTHING = Array.from({ length: 12 }, () => 'anything' as const);
const OLDER = ['stale answers', 'stale answers', 'overlap', 'overlap'] as const;
/** From these a seed draws. */
export const WORLDS_OF_NODES: readonly WorldName[] = [...ANYTHING, ...OLDER, 'sleepers', 'sleepers'];
export const WORLDS_DRAWN: readonly WorldName[] = [
  ...ANYTHING,
  ...OLDER,
  'old statement',
  'two decisions',
  'no close',
  'denials',
  'cut off',
  'lost answers',
  'blind bank',
];

type Drawn = Omit<Profile, 'theme'>;
type World = (drawn: Drawn, random: Random) => Drawn;

const MADE: Readonly<Record<WorldName, World>> = {
  anything: (drawn) => drawn,
  'stale answers': (drawn, random) =>
    staleAnswers(drawn, random.pick(['read statement', 'begin effects', 'begin effects', 'bank answered'])),
  'old statement': oldStatement,
  overlap: (drawn, random) => overlap(drawn, random.pick(['begin effects', 'read statement'])),
  'two decisions': twoDecisions,
  'no close': noClose,
  denials,
  'cut off': cutOff,
  'lost answers': lostAnswers,
  sleepers,
  'blind bank': blindBank,
  'late answers': lateAnswers,
  rules,
};

export function worldOf(drawn: Drawn, theme: WorldName, random: Random): Profile {
  return { ...MADE[theme](drawn, random), theme };
}

/** One process that stands still between the bank's answer and its use, while payees send money back. */
function staleAnswers(drawn: Drawn, focus: string): Drawn {
  return {
    ...drawn,
    recipes: ['C3', 'C8'],
    safetyMs: 200_000,
    net: { ...drawn.net, silence: 0 },
    bank: {
      ...drawn.bank,
      returns: 1,
      returnsFromMs: 5_000,
      returnsToMs: 60_000,
      settlesMs: 2_000,
      answersMs: 20,
      lost: 0,
      blindTimes: 0,
      statementDelayMs: 1_000,
    },
    normal: { ...drawn.normal, callbackLost: 1, timeoutMs: 0 },
    processes: {
      ...drawn.processes,
      clients: 1,
      kills: 0,
      killsAtStep: 0,
      freezes: 0,
      focus,
      focused: 1,
      freezeMs: 120_000,
      skewMs: 0,
    },
  };
}

/** The same where the statement, which would tell of the return, comes long after the fact. */
function oldStatement(drawn: Drawn): Drawn {
  const stale = staleAnswers(drawn, 'bank answered');
  return {
    ...stale,
    recipes: ['C3', 'C8'],
    payoutMinAgeMs: 150_000,
    safetyMs: 320_000,
    bank: { ...stale.bank, statementDelayMs: 140_000, returnsFromMs: 145_000, returnsToMs: 240_000 },
  };
}

/** Several processes that lose each other's leases while the bank takes its time. */
function overlap(drawn: Drawn, focus: string): Drawn {
  return {
    ...drawn,
    net: { ...drawn.net, silence: 0.02 },
    bank: { ...drawn.bank, answersMs: drawn.bank.answersMs % 2 === 0 ? 20 : 2_500, lost: 0 },
    processes: { ...drawn.processes, clients: 3, focus, focused: 1, freezeMs: 25_000, skewMs: 0 },
  };
}

/** Payouts that are continued while they are young and cancelled when they are older, and become older just now. */
function twoDecisions(drawn: Drawn): Drawn {
  const overlapping = overlap(drawn, 'begin effects');
  return {
    ...overlapping,
    recipes: ['C9'],
    oldestMs: 70_000,
    continueMs: 75_000,
    bank: {
      ...overlapping.bank,
      answersMs: 1_500,
      late: 0,
      notFoundMs: 0,
      blindTimes: 0,
      onFailure: 'replays-failure',
    },
    normal: { ...overlapping.normal, timeoutMs: 0 },
    processes: { ...overlapping.processes, places: 2 },
  };
}

/** A bank that closes no number: what was never sent must be stopped by us, and stay stopped. */
function noClose(drawn: Drawn): Drawn {
  return {
    ...drawn,
    recipes: ['C7, queued', 'C9, queued', 'C3'],
    continueMs: 30_000,
    bank: {
      ...drawn.bank,
      closes: false,
      lost: 0,
      late: 0,
      refuses: 0,
      statementDelayMs: 1_000,
      onFailure: 'replays-failure',
    },
    database: { ...drawn.database, lost: 0, commitUnheard: 0 },
    // What is on its way to the bank when its process ends stays unknown for ever there, which only a person can end.
    processes: { ...drawn.processes, kills: 0, killsAtStep: 0, focused: 0 },
    normal: { ...drawn.normal, senderMs: 15_000 },
  };
}

/** A bank that contradicts its own statement, and what it has closed. */
function denials(drawn: Drawn): Drawn {
  return {
    ...drawn,
    recipes: ['C3', 'C8', 'C7', 'C9', 'C6', 'C4', 'C5'],
    bank: {
      ...drawn.bank,
      denies: 0.6,
      returns: 0,
      lost: 0,
      blindTimes: 0,
      statementDelayMs: 1_000,
      onFailure: 'replays-failure',
    },
  };
}

/** Slow commands, full queues, and connections on which nothing comes any more. */
function cutOff(drawn: Drawn, random: Random): Drawn {
  return {
    ...drawn,
    orders: 9,
    net: { ...drawn.net, silence: 0.03, overfull: true },
    bank: { ...drawn.bank, answersMs: random.pick([400, 1_500, 2_500]) },
    processes: {
      ...drawn.processes,
      clients: 2,
      places: 1,
      kills: 0,
      killsAtStep: 0,
      freezes: 0,
      focused: 0,
      skewMs: 0,
    },
  };
}

/** Nothing but connections that break while answers are on their way. */
function lostAnswers(drawn: Drawn): Drawn {
  return {
    ...drawn,
    net: { ...drawn.net, breaks: 0.04, silence: 0, repeat: 0 },
    bank: { ...drawn.bank, lost: 0, blindTimes: 0, settlesMs: 0, notFoundMs: 0 },
    database: { ...drawn.database, lost: 0, commitUnheard: 0 },
    processes: {
      ...drawn.processes,
      kills: 0,
      killsAtStep: 0,
      freezes: 0,
      freezesAtStep: 0,
      focused: 0,
      skewMs: 0,
    },
  };
}

/** Nodes that stand still for longer than a lease, and clients that are gone when they go on. */
function sleepers(drawn: Drawn): Drawn {
  return {
    ...drawn,
    nodes: Math.min(drawn.nodes, 3) || drawn.nodes,
    net: { ...drawn.net, silence: 0, breaks: 0 },
    processes: {
      ...drawn.processes,
      clients: 3,
      kills: 2,
      killsAtStep: 0,
      freezes: 2,
      freezesAtStep: 0.02,
      freezeMs: 24_000,
      focused: 0,
      skewMs: 0,
    },
  };
}

/** A bank that finds nothing for a while, soon after it was sent what it now does not find. */
function blindBank(drawn: Drawn): Drawn {
  return {
    ...drawn,
    recipes: ['C8', 'C9, late', 'C7, late', 'C9'],
    continueMs: 30_000,
    bank: {
      ...drawn.bank,
      answersMs: 20,
      lost: 0,
      settlesMs: 0,
      notFoundMs: 0,
      blindTimes: 2,
      statementDelayMs: 18_000,
    },
  };
}

/** The same, where what a client said before it ended is read by a node that wakes up long after. */
function lateAnswers(drawn: Drawn): Drawn {
  const asleep = sleepers(drawn);
  return {
    ...asleep,
    nodes: 3,
    net: { ...asleep.net, repeat: 0, drains: true },
    bank: { ...asleep.bank, lost: 0, answersMs: 20 },
    database: { ...asleep.database, lost: 0, commitUnheard: 0 },
    processes: { ...asleep.processes, places: 8, freezesAtStep: 0, kills: 2.5, freezes: 2.5 },
  };
}

/** A policy that asks for second people, limits that are reached, a stop switch that is thrown, and bulk runs. */
function rules(drawn: Drawn, random: Random): Drawn {
  return {
    ...drawn,
    orders: random.int(7, 10),
    processes: { ...drawn.processes, skewMs: 0 },
    rules: {
      twoPeople: random.chance(0.7),
      tickMinor: random.pick([3_000, 9_999]),
      aloneMinor: random.pick([3_000, 9_999]),
      bulkProblems: random.pick([2, 3, 20]),
      bulkMinor: random.pick([6_000, 12_000, 99_999]),
      dayMinor: random.pick([5_000, 12_000, 99_999]),
      executionsPerHour: random.pick([0, 3, 6]),
      amountPerHour: random.pick([0, 9_000, 25_000]),
      stops: random.int(1, 4),
    },
  };
}
