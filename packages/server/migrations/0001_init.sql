-- The server's own schema. Everything lives in the schema "piculus", so that the database may be shared.
-- Floor: PostgreSQL 15. Files are numbered and never edited after a release.

-- Systems, their keys, their clients ------------------------------------------------------------------------

CREATE TABLE piculus.systems (
  sys_code           text PRIMARY KEY CHECK (sys_code ~ '^[A-Z][A-Z0-9_-]{0,31}$'),
  name               text NOT NULL,
  enabled            boolean NOT NULL DEFAULT true,
  collect_cron       text,
  collect_time_zone  text NOT NULL DEFAULT 'UTC',
  collect_window_ms  bigint NOT NULL DEFAULT 259200000 CHECK (collect_window_ms > 0),
  -- The last tick of the collect cron that was acted on; a tick missed while no server ran is made up once.
  collect_tick_at    timestamptz,
  -- Confirmation of fixes has looked at all executions up to here.
  confirmed_execution_id bigint NOT NULL DEFAULT 0,
  created_at         timestamptz NOT NULL
);

CREATE TABLE piculus.system_keys (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sys_code     text NOT NULL REFERENCES piculus.systems,
  -- SHA-256 of a key of 256 random bits; a slow hash would add nothing against a key nobody can guess.
  key_hash     bytea NOT NULL UNIQUE,
  prefix       text NOT NULL,
  created_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz
);
CREATE INDEX system_keys_sys_code ON piculus.system_keys (sys_code);

CREATE TABLE piculus.clients (
  client_id         text PRIMARY KEY,
  sys_code          text NOT NULL REFERENCES piculus.systems,
  hello             jsonb NOT NULL,
  node_id           text NOT NULL,
  connected_at      timestamptz NOT NULL,
  disconnected_at   timestamptz,
  last_heartbeat_at timestamptz,
  last_answered_at  timestamptz,
  event_loop_lag_ms double precision
);
CREATE INDEX clients_sys_code ON piculus.clients (sys_code);

-- Solutions -------------------------------------------------------------------------------------------------

CREATE TABLE piculus.solutions (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sys_code    text NOT NULL REFERENCES piculus.systems,
  fix_code    text NOT NULL,
  version     integer NOT NULL CHECK (version >= 1),
  deleted_at  timestamptz,
  -- The tick being worked on: the last one that came due, how far its pass over the problems has come.
  tick_at     timestamptz,
  tick_cursor bigint NOT NULL DEFAULT 0,
  tick_done   boolean NOT NULL DEFAULT true,
  -- No problem below this id waits for a tick, so a pass never walks over what was finished long ago.
  tick_floor  bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX solutions_identity ON piculus.solutions (sys_code, fix_code) WHERE deleted_at IS NULL;

CREATE TABLE piculus.solution_versions (
  solution_id    bigint NOT NULL REFERENCES piculus.solutions,
  version        integer NOT NULL,
  max_retries    integer NOT NULL CHECK (max_retries BETWEEN 0 AND 99),
  retry_cron     text NOT NULL,
  time_zone      text NOT NULL,
  execution_mode text NOT NULL CHECK (execution_mode IN ('automatic', 'manual')),
  status         text NOT NULL CHECK (status IN ('enabled', 'disabled')),
  level          text NOT NULL CHECK (level IN ('unimportant', 'normal', 'important', 'very-important')),
  description    text NOT NULL,
  changed_at     timestamptz NOT NULL,
  changed_by     text NOT NULL,
  PRIMARY KEY (solution_id, version)
);

-- Collections -----------------------------------------------------------------------------------------------

CREATE TABLE piculus.collections (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trigger      text NOT NULL CHECK (trigger IN ('click', 'cron')),
  requested_by text,
  window_from  timestamptz NOT NULL,
  window_to    timestamptz NOT NULL CHECK (window_to > window_from),
  created_at   timestamptz NOT NULL,
  finished_at  timestamptz
);

CREATE TABLE piculus.collect_commands (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collection_id     bigint NOT NULL REFERENCES piculus.collections,
  sys_code          text NOT NULL REFERENCES piculus.systems,
  state             text NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'incomplete', 'failed', 'cancelled')),
  -- Asked for by the person; empty means every collector that the client announces.
  fix_codes         text[] NOT NULL DEFAULT '{}',
  window_from       timestamptz NOT NULL,
  window_to         timestamptz NOT NULL,
  client_id         text,
  client_version    text,
  epoch             integer NOT NULL DEFAULT 0,
  lease_expires_at  timestamptz,
  -- The highest report sequence stored under this epoch; a repeat is acknowledged and not stored again.
  last_sequence     integer NOT NULL DEFAULT 0,
  rows_scanned      bigint NOT NULL DEFAULT 0,
  problems_reported bigint NOT NULL DEFAULT 0,
  problems_new      bigint NOT NULL DEFAULT 0,
  feeds             jsonb NOT NULL DEFAULT '[]',
  reason            text,
  created_at        timestamptz NOT NULL,
  started_at        timestamptz,
  finished_at       timestamptz,
  CHECK ((state = 'running') = (lease_expires_at IS NOT NULL)),
  CHECK ((state IN ('complete', 'incomplete', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX collect_commands_collection ON piculus.collect_commands (collection_id);
CREATE INDEX collect_commands_open ON piculus.collect_commands (sys_code) WHERE finished_at IS NULL;
CREATE INDEX collect_commands_by_system ON piculus.collect_commands (sys_code, id);

-- One row per stored `problems` message: what the report changed.
CREATE TABLE piculus.reports (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command_id  bigint NOT NULL,
  epoch       integer NOT NULL,
  sequence    integer NOT NULL,
  client_id   text NOT NULL,
  received_at timestamptz NOT NULL,
  inserted    integer NOT NULL,
  seen_again  integer NOT NULL,
  reopened    integer NOT NULL,
  -- Problems whose state the report changed, and from which to which, for their histories.
  changes     jsonb NOT NULL DEFAULT '[]',
  UNIQUE (command_id, epoch, sequence)
);
-- The history of one problem; most reports change no state and are not in here.
CREATE INDEX reports_changes ON piculus.reports USING gin (changes jsonb_path_ops) WHERE changes <> '[]';

-- Problems --------------------------------------------------------------------------------------------------
-- The hot table. No column that changes at a result is in an index or an index predicate, so that updates stay
-- HOT; `executing` is not stored: an open lease that names the problem means it.

CREATE TABLE piculus.problems (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sys_code         text NOT NULL,
  fix_code         text NOT NULL,
  business_key     text NOT NULL,
  scenario         text NOT NULL,
  handling         text NOT NULL CHECK (handling IN ('fix', 'person')),
  amount_minor     numeric(20) NOT NULL,
  currency         char(3) NOT NULL,
  out_of_pocket    text NOT NULL CHECK (out_of_pocket IN ('customer', 'company', 'nobody')),
  occurred_at      timestamptz NOT NULL,
  facts            jsonb NOT NULL,
  contradictions   text[] NOT NULL,
  state            text NOT NULL CHECK (state IN ('pending', 'fixed', 'cleared', 'exhausted', 'needs-human', 'closed')),
  state_changed_at timestamptz NOT NULL,
  -- A tick executes the pending problems that were ready at or before it: each at most once a tick.
  ready_at         timestamptz NOT NULL,
  -- When the present run of `not-yet` began; the maximum age counts from here.
  not_yet_since    timestamptz,
  attempts         integer NOT NULL DEFAULT 0,
  retries_used     integer NOT NULL DEFAULT 0 CHECK (retries_used >= 0),
  reopen_count     integer NOT NULL DEFAULT 0,
  reopened         boolean NOT NULL DEFAULT false,
  seen_since_closed boolean NOT NULL DEFAULT false,
  last_outcome     text,
  last_reason      text,
  last_command_id  bigint,
  first_seen_at    timestamptz NOT NULL,
  last_seen_at     timestamptz NOT NULL,
  seen_count       integer NOT NULL DEFAULT 1,
  confirmed_at     timestamptz,
  UNIQUE (sys_code, fix_code, business_key),
  CHECK (NOT reopened OR state IN ('pending', 'needs-human')),
  CHECK (NOT seen_since_closed OR state = 'closed'),
  CHECK (not_yet_since IS NULL OR state IN ('pending', 'needs-human')),
  CHECK (confirmed_at IS NULL OR state = 'fixed')
) WITH (fillfactor = 80);
-- The dispatcher walks one solution's problems by id.
CREATE INDEX problems_by_solution ON piculus.problems (sys_code, fix_code, id);
-- At most one execution per record over all fix codes, and the search by order number.
CREATE INDEX problems_by_business_key ON piculus.problems (business_key);

-- Kept by the deltas of each batch, so that no page counts the hot table.
CREATE TABLE piculus.problem_counts (
  sys_code      text NOT NULL,
  fix_code      text NOT NULL,
  scenario      text NOT NULL,
  state         text NOT NULL,
  out_of_pocket text NOT NULL,
  currency      char(3) NOT NULL,
  problems      bigint NOT NULL,
  amount_minor  numeric(30) NOT NULL,
  PRIMARY KEY (sys_code, fix_code, scenario, state, out_of_pocket, currency)
) WITH (fillfactor = 50);

-- Clicks that wait for a client. One open request per problem.
CREATE TABLE piculus.run_requests (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  problem_id   bigint NOT NULL,
  sys_code     text NOT NULL,
  fix_code     text NOT NULL,
  trigger      text NOT NULL CHECK (trigger IN ('click', 'bulk')),
  requested_by text NOT NULL,
  reason       text,
  requested_at timestamptz NOT NULL,
  UNIQUE (problem_id)
);
CREATE INDEX run_requests_by_solution ON piculus.run_requests (sys_code, fix_code, id);

-- Executions ------------------------------------------------------------------------------------------------

-- One row per batch that a client works on: no write per problem at the claim. An open lease (closed_at null)
-- is what makes its unanswered problems `executing`; epoch guards against a client that slept through it.
CREATE TABLE piculus.leases (
  id               text PRIMARY KEY,
  sys_code         text NOT NULL,
  fix_code         text NOT NULL,
  solution_id      bigint NOT NULL,
  solution_version integer NOT NULL,
  max_retries      integer NOT NULL,
  client_id        text NOT NULL,
  node_id          text NOT NULL,
  trigger          text NOT NULL,
  epoch            integer NOT NULL DEFAULT 1,
  problem_ids      bigint[] NOT NULL,
  business_keys    text[] NOT NULL,
  answered_ids     bigint[] NOT NULL DEFAULT '{}',
  leased_at        timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  closed_at        timestamptz
);
CREATE INDEX leases_open ON piculus.leases (sys_code) WHERE closed_at IS NULL;

CREATE TABLE piculus.executions (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  problem_id       bigint NOT NULL,
  sys_code         text NOT NULL,
  fix_code         text NOT NULL,
  business_key     text NOT NULL,
  attempt          integer NOT NULL,
  trigger          text NOT NULL,
  solution_version integer NOT NULL,
  lease_id         text NOT NULL,
  client_id        text NOT NULL,
  command_key      text NOT NULL,
  outcome          text NOT NULL CHECK (outcome IN ('fixed', 'already-right', 'not-this-problem', 'not-yet', 'failed', 'refused', 'unknown')),
  state_before     text NOT NULL,
  state_after      text NOT NULL,
  reason           text NOT NULL,
  effects          jsonb NOT NULL,
  moved_minor      numeric(20) NOT NULL,
  replayed         boolean NOT NULL,
  verified         boolean NOT NULL,
  facts            jsonb,
  dispatched_at    timestamptz NOT NULL,
  started_at       timestamptz,
  finished_at      timestamptz NOT NULL,
  -- A result that arrives twice is one execution.
  UNIQUE (problem_id, lease_id)
);
CREATE INDEX executions_finished ON piculus.executions USING brin (finished_at);

-- Messages: partitioned by day, dropped by the day --------------------------------------------------------------

CREATE TABLE piculus.messages (
  id            bigint GENERATED BY DEFAULT AS IDENTITY,
  at            timestamptz NOT NULL,
  message_id    text NOT NULL,
  direction     text NOT NULL CHECK (direction IN ('in', 'out')),
  type          text NOT NULL,
  sys_code      text,
  client_id     text,
  state         text NOT NULL CHECK (state IN ('sent', 'acknowledged', 'accepted', 'refused', 'lost')),
  error_code    text,
  collection_id bigint,
  lease_id      text,
  size_bytes    integer NOT NULL,
  latency_ms    double precision,
  payload       jsonb
) PARTITION BY RANGE (at);
CREATE TABLE piculus.messages_default PARTITION OF piculus.messages DEFAULT;
CREATE INDEX messages_id ON piculus.messages (id);
CREATE INDEX messages_lease ON piculus.messages (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX messages_collection ON piculus.messages (collection_id) WHERE collection_id IS NOT NULL;

-- Acts of people and of policy, in the transaction of the change --------------------------------------------------

CREATE TABLE piculus.audit (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL,
  actor      text NOT NULL,
  act        text NOT NULL,
  sys_code   text,
  problem_id bigint,
  target     text,
  reason     text,
  detail     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_problem ON piculus.audit (problem_id) WHERE problem_id IS NOT NULL;

CREATE TABLE piculus.idempotency_keys (
  actor        text NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       integer,
  body         jsonb,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (actor, key)
);
