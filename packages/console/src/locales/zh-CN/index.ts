/** All texts of this language, one file per page. */
import { common } from './common.ts';
import { shell } from './shell.ts';
import { words } from './words.ts';
import { home } from './home.ts';
import { collect } from './collect.ts';
import { handling } from './handling.ts';
import { problems } from './problems.ts';
import { problem } from './problem.ts';
import { collections } from './collections.ts';
import { executions } from './executions.ts';
import { messages } from './messages.ts';
import { clients } from './clients.ts';
import { solutions } from './solutions.ts';
import { roles } from './roles.ts';
import { users } from './users.ts';
import { systems } from './systems.ts';
import { bulkRuns } from './bulkRuns.ts';
import { account } from './account.ts';
import { secondFactor } from './secondFactor.ts';
import { audit } from './audit.ts';
import { reveal } from './reveal.ts';
import { tokens } from './tokens.ts';
import { limits } from './limits.ts';
import { approvals } from './approvals.ts';
import { policy } from './policy.ts';

export default {
  common,
  shell,
  words,
  home,
  collect,
  handling,
  problems,
  problem,
  collections,
  executions,
  messages,
  clients,
  solutions,
  roles,
  users,
  systems,
  bulkRuns,
  account,
  secondFactor,
  audit,
  reveal,
  tokens,
  limits,
  approvals,
  policy,
} as const;
