-- The figures of the overview: small books, kept by the deltas of each batch beside problem_counts, so that no
-- page counts a hot table. Each is filled from what is stored already.

-- Open problems (pending, exhausted, needs-human) by when they were first seen, in slots of five minutes.
CREATE TABLE piculus.problem_ages (
  slot         timestamptz NOT NULL,
  sys_code     text NOT NULL,
  currency     char(3) NOT NULL,
  problems     bigint NOT NULL,
  amount_minor numeric(30) NOT NULL,
  PRIMARY KEY (slot, sys_code, currency)
) WITH (fillfactor = 50);

INSERT INTO piculus.problem_ages (slot, sys_code, currency, problems, amount_minor)
SELECT date_bin('5 minutes', first_seen_at, timestamptz '1970-01-01 00:00:00Z'), sys_code, currency, count(*), sum(amount_minor)
FROM piculus.problems WHERE state IN ('pending', 'exhausted', 'needs-human') GROUP BY 1, 2, 3;

-- Problems that wait for a person by their own state; `pending` ones are in here where they were reopened.
CREATE TABLE piculus.attention (
  problem_id bigint PRIMARY KEY,
  sys_code   text NOT NULL,
  fix_code   text NOT NULL,
  state      text NOT NULL CHECK (state IN ('pending', 'exhausted', 'needs-human'))
);

INSERT INTO piculus.attention (problem_id, sys_code, fix_code, state)
SELECT id, sys_code, fix_code, state FROM piculus.problems
WHERE state IN ('exhausted', 'needs-human') OR reopened ORDER BY id;

-- What executions came to, by when they finished, in slots of five minutes: fine enough for "the last hour".
CREATE TABLE piculus.execution_counts (
  slot         timestamptz NOT NULL,
  sys_code     text NOT NULL,
  fix_code     text NOT NULL,
  outcome      text NOT NULL,
  executions   bigint NOT NULL,
  -- Those that left their problem exhausted or needs-human.
  to_person    bigint NOT NULL,
  -- Those beyond the first try of their problem that used a retry.
  retries_used bigint NOT NULL,
  PRIMARY KEY (slot, sys_code, fix_code, outcome)
) WITH (fillfactor = 50);

INSERT INTO piculus.execution_counts (slot, sys_code, fix_code, outcome, executions, to_person, retries_used)
SELECT date_bin('5 minutes', finished_at, timestamptz '1970-01-01 00:00:00Z'), sys_code, fix_code, outcome, count(*),
  count(*) FILTER (WHERE state_after IN ('exhausted', 'needs-human')),
  count(*) FILTER (WHERE attempt > 1 AND outcome IN ('failed', 'unknown'))
FROM piculus.executions GROUP BY 1, 2, 3, 4;
