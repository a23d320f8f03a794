-- Limits of unattended executions, breakers, canaries, and the switch that stops them.

-- `fix_code` is empty for the limits of a system over all its solutions.
CREATE TABLE piculus.limits (
  sys_code            text NOT NULL REFERENCES piculus.systems,
  fix_code            text NOT NULL,
  version             integer NOT NULL CHECK (version >= 1),
  executions_per_hour integer CHECK (executions_per_hour >= 1),
  breaker             jsonb,
  -- So many executions of each new version must go well by a click before ticks begin.
  canary              integer NOT NULL CHECK (canary >= 0),
  changed_at          timestamptz NOT NULL,
  changed_by          text NOT NULL,
  PRIMARY KEY (sys_code, fix_code)
);
CREATE TABLE piculus.amount_limits (
  sys_code     text NOT NULL,
  fix_code     text NOT NULL,
  currency     char(3) NOT NULL,
  amount_minor numeric(20) NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (sys_code, fix_code, currency),
  FOREIGN KEY (sys_code, fix_code) REFERENCES piculus.limits ON DELETE CASCADE
);

-- What ticks handed out, by the minute; kept in the transaction of each claim, under the system's lock.
CREATE TABLE piculus.unattended_counts (
  slot         timestamptz NOT NULL,
  sys_code     text NOT NULL,
  fix_code     text NOT NULL,
  currency     char(3) NOT NULL,
  executions   bigint NOT NULL,
  amount_minor numeric(30) NOT NULL,
  PRIMARY KEY (sys_code, slot, fix_code, currency)
) WITH (fillfactor = 50);

INSERT INTO piculus.unattended_counts (slot, sys_code, fix_code, currency, executions, amount_minor)
SELECT date_bin('1 minute', l.leased_at, timestamptz '1970-01-01 00:00:00Z'), l.sys_code, l.fix_code, p.currency,
  count(*), sum(p.amount_minor)
FROM piculus.leases l JOIN piculus.problems p ON p.id = ANY(l.problem_ids)
WHERE l.trigger = 'tick' AND l.leased_at > now() - interval '1 hour' GROUP BY 1, 2, 3, 4;

-- What the breakers judge beside the outcomes, in slots of five minutes: problems that are new or opened again, and
-- answers that were not true: fixed but not verified, or reported again by a complete collect.
CREATE TABLE piculus.report_counts (
  slot           timestamptz NOT NULL,
  sys_code       text NOT NULL,
  fix_code       text NOT NULL,
  reports        bigint NOT NULL,
  contradictions bigint NOT NULL,
  PRIMARY KEY (sys_code, slot, fix_code)
) WITH (fillfactor = 50);

INSERT INTO piculus.report_counts (slot, sys_code, fix_code, reports, contradictions)
SELECT date_bin('5 minutes', first_seen_at, timestamptz '1970-01-01 00:00:00Z'), sys_code, fix_code, count(*), 0
FROM piculus.problems WHERE first_seen_at > now() - interval '8 days' GROUP BY 1, 2, 3;

-- Executions of a version by a click that went well.
CREATE TABLE piculus.canaries (
  solution_id bigint NOT NULL,
  version     integer NOT NULL,
  executions  integer NOT NULL,
  PRIMARY KEY (solution_id, version)
);

-- What stands still, and stood still. Both codes null: everything.
CREATE TABLE piculus.halts (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind           text NOT NULL CHECK (kind IN ('switch', 'breaker', 'limit')),
  sys_code       text REFERENCES piculus.systems,
  fix_code       text,
  include_manual boolean NOT NULL DEFAULT false,
  cause          text NOT NULL,
  figures        jsonb NOT NULL,
  reason         text NOT NULL,
  since          timestamptz NOT NULL,
  started_by     text NOT NULL,
  ended_at       timestamptz,
  ended_by       text,
  ended_reason   text,
  CHECK (fix_code IS NULL OR sys_code IS NOT NULL),
  CHECK (NOT include_manual OR kind = 'switch'),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX halts_open ON piculus.halts (kind, coalesce(sys_code, ''), coalesce(fix_code, ''))
  WHERE ended_at IS NULL;
CREATE INDEX halts_ended ON piculus.halts (sys_code, fix_code, ended_at) WHERE kind = 'breaker';

-- Per solution that is there: whether its ticks, and its clicks, wait. Grouped, so that a question about many problems
-- works it out once and not per problem.
CREATE VIEW piculus.paused_solutions AS
SELECT s.id AS solution_id,
  count(h.id) > 0 OR coalesce(max(l.canary), 0) > coalesce(max(c.executions), 0) AS ticks_paused,
  coalesce(bool_or(h.include_manual), false) AS clicks_paused
FROM piculus.solutions s
LEFT JOIN piculus.halts h ON h.ended_at IS NULL
  AND (h.sys_code IS NULL OR (h.sys_code = s.sys_code AND (h.fix_code IS NULL OR h.fix_code = s.fix_code)))
LEFT JOIN piculus.limits l ON l.sys_code = s.sys_code AND l.fix_code = s.fix_code
LEFT JOIN piculus.canaries c ON c.solution_id = s.id AND c.version = s.version
WHERE s.deleted_at IS NULL
GROUP BY s.id;
