-- Four eyes: the policy that says what needs a second person, requests for one, and the last gate before a run.

CREATE TABLE piculus.approval_policies (
  version       integer PRIMARY KEY CHECK (version >= 1),
  mode          text NOT NULL CHECK (mode IN ('careful', 'as-configured', 'own')),
  single_person boolean NOT NULL,
  -- Of `own`; kept and without effect under the other modes.
  rules         jsonb NOT NULL,
  changed_at    timestamptz NOT NULL,
  changed_by    text NOT NULL,
  reason        text NOT NULL
);

-- What holds now, spread out for the questions of claims and clicks; written with each version of the policy.
CREATE TABLE piculus.approval_gate (
  only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version       integer NOT NULL REFERENCES piculus.approval_policies,
  -- False: nothing needs a second person, and every tick may run what its solution lets it.
  enforced      boolean NOT NULL,
  bulk_problems integer,
  -- Whether the three amounts below are limited at all; a currency without a line is above a limit that there is.
  limits_one    boolean NOT NULL,
  limits_bulk   boolean NOT NULL,
  limits_day    boolean NOT NULL
);
CREATE TABLE piculus.approval_amounts (
  what         text NOT NULL CHECK (what IN ('one', 'bulk', 'day')),
  currency     char(3) NOT NULL,
  amount_minor numeric(20) NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (what, currency)
);
-- Scenarios that always need a second person.
CREATE TABLE piculus.approval_scenarios (scenario text PRIMARY KEY);
-- What ticks may run: a scenario in any currency and amount (currency empty), or up to an amount.
CREATE TABLE piculus.unattended_rules (
  scenario     text NOT NULL,
  currency     text NOT NULL,
  amount_minor numeric(20),
  PRIMARY KEY (scenario, currency),
  CHECK ((currency = '') = (amount_minor IS NULL))
);

-- Requests --------------------------------------------------------------------------------------------------------

CREATE TABLE piculus.approvals (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind             text NOT NULL,
  command          jsonb NOT NULL,
  -- SHA-256 of the command in its one spelling.
  command_hash     bytea NOT NULL CHECK (octet_length(command_hash) = 32),
  evidence         jsonb NOT NULL,
  preview          jsonb NOT NULL,
  needs            jsonb NOT NULL,
  sys_codes        text[] NOT NULL,
  policy_version   integer NOT NULL REFERENCES piculus.approval_policies,
  reason           text NOT NULL,
  requested_by     text NOT NULL,
  requested_by_id  text NOT NULL,
  requested_via    text NOT NULL CHECK (requested_via IN ('session', 'token')),
  requested_from   text,
  requested_at     timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL CHECK (expires_at > requested_at),
  hash             bytea NOT NULL CHECK (octet_length(hash) = 32),
  state            text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'withdrawn', 'expired', 'void')),
  decided_by       text,
  decided_by_id    text,
  decided_at       timestamptz,
  decision_reason  text,
  bulk_run_id      bigint,
  -- Nobody decides about what they asked for themselves, by whatever session or token.
  CHECK (decided_by_id <> requested_by_id OR state = 'withdrawn'),
  CHECK ((state = 'open') = (decided_at IS NULL)),
  CHECK (state NOT IN ('approved', 'rejected') OR decided_by_id IS NOT NULL),
  CHECK (state <> 'withdrawn' OR decided_by_id = requested_by_id),
  CHECK (state <> 'approved' OR decided_at < expires_at)
);
CREATE UNIQUE INDEX approvals_open ON piculus.approvals (command_hash) WHERE state = 'open';
CREATE INDEX approvals_expiry ON piculus.approvals (expires_at) WHERE state = 'open';
CREATE INDEX approvals_by_person ON piculus.approvals (requested_by_id, id);

-- A decision is made once, and what was asked for never changes.
CREATE FUNCTION piculus.keep_approval() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  decision text[] := ARRAY['state', 'decided_by', 'decided_by_id', 'decided_at', 'decision_reason', 'bulk_run_id'];
BEGIN
  IF to_jsonb(NEW) - decision <> to_jsonb(OLD) - decision THEN
    RAISE EXCEPTION 'a request for approval is not changed' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state <> 'open' AND to_jsonb(NEW) - 'bulk_run_id' <> to_jsonb(OLD) - 'bulk_run_id' THEN
    RAISE EXCEPTION 'a decision is not changed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approvals_kept BEFORE UPDATE ON piculus.approvals
  FOR EACH ROW EXECUTE FUNCTION piculus.keep_approval();

-- The problems that a request is about, each as it was then.
CREATE TABLE piculus.approval_problems (
  approval_id      bigint NOT NULL REFERENCES piculus.approvals,
  problem_id       bigint NOT NULL,
  fingerprint      bytea NOT NULL,
  -- Of the solution that would run it; null where there was none.
  solution_version integer,
  PRIMARY KEY (approval_id, problem_id)
);
CREATE INDEX approval_problems_problem ON piculus.approval_problems (problem_id);

-- Everything about a problem that an approval is given for. When its facts were read is left out, because every
-- collect reads them again.
CREATE FUNCTION piculus.problem_fingerprint(p piculus.problems) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array(p.id, p.sys_code, p.fix_code, p.business_key, p.scenario, p.handling,
    p.amount_minor::text, p.currency, p.out_of_pocket, p.state, p.reopened, p.reopen_count, p.attempts,
    p.contradictions,
    p.facts #- '{order,observedAt}' #- '{ledger,observedAt}' #- '{bank,observedAt}')::text, 'UTF8'))
$$;

CREATE FUNCTION piculus.current_solution_version(given_sys_code text, given_fix_code text) RETURNS integer
LANGUAGE sql STABLE AS $$
  SELECT version FROM piculus.solutions
  WHERE sys_code = given_sys_code AND fix_code = given_fix_code AND deleted_at IS NULL
$$;

-- Whether an approval, given and not expired, covers the run of this problem as it is at this moment.
CREATE FUNCTION piculus.approval_covers(given_approval_id bigint, p piculus.problems, person text, at timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM piculus.approvals a
    JOIN piculus.approval_problems ap ON ap.approval_id = a.id AND ap.problem_id = p.id
    JOIN piculus.approval_gate g ON g.version = a.policy_version
    WHERE a.id = given_approval_id AND a.state = 'approved' AND a.kind IN ('run', 'run-many', 'run-matching')
      AND a.requested_by = person AND a.expires_at > at
      AND ap.fingerprint = piculus.problem_fingerprint(p)
      AND ap.solution_version IS NOT DISTINCT FROM piculus.current_solution_version(p.sys_code, p.fix_code))
$$;

-- Whether running this one problem always takes two people, as the policy is now.
CREATE FUNCTION piculus.asks_two(p piculus.problems) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT g.enforced AND (
    EXISTS (SELECT FROM piculus.approval_scenarios s WHERE s.scenario = p.scenario)
    OR g.limits_one AND abs(p.amount_minor) > coalesce((
      SELECT l.amount_minor FROM piculus.approval_amounts l WHERE l.what = 'one' AND l.currency = p.currency), -1))
  FROM piculus.approval_gate g
$$;

-- The last gate ----------------------------------------------------------------------------------------------------

-- What people ran without a second person, by the minute; written by the gate alone.
CREATE TABLE piculus.alone_amounts (
  person       text NOT NULL,
  slot         timestamptz NOT NULL,
  currency     char(3) NOT NULL,
  problems     bigint NOT NULL,
  amount_minor numeric(30) NOT NULL,
  PRIMARY KEY (person, slot, currency)
) WITH (fillfactor = 50);

-- Why these problems, run at once by this person at this time, need a second one; no rows where they do not. Sizes
-- are absolute: an amount below zero is no smaller matter.
CREATE FUNCTION piculus.run_needs(ids bigint[], given_person text, at timestamptz)
RETURNS TABLE (cause text, currency text, given text, allowed text) LANGUAGE sql STABLE AS $$
  WITH gate AS (SELECT * FROM piculus.approval_gate WHERE enforced),
  asked AS MATERIALIZED (
    SELECT p.id, p.scenario, p.currency, abs(p.amount_minor) AS amount FROM piculus.problems p
    WHERE p.id = ANY(ids) AND EXISTS (SELECT FROM gate)),
  sums AS (SELECT a.currency, count(*) AS problems, max(a.amount) AS largest, sum(a.amount) AS total FROM asked a GROUP BY 1),
  today AS (
    SELECT d.currency, sum(d.amount_minor) AS total FROM piculus.alone_amounts d
    WHERE d.person = given_person AND d.slot > at - interval '24 hours' GROUP BY 1)
  SELECT 'takes-from-customer', NULL::text, (SELECT count(*)::text FROM asked a JOIN piculus.approval_scenarios USING (scenario)), '0'
  WHERE EXISTS (SELECT FROM asked a JOIN piculus.approval_scenarios USING (scenario))
  UNION ALL
  SELECT 'amount', s.currency::text, s.largest::text, l.amount_minor::text
  FROM gate CROSS JOIN sums s LEFT JOIN piculus.approval_amounts l ON l.what = 'one' AND l.currency = s.currency
  WHERE gate.limits_one AND s.largest > coalesce(l.amount_minor, -1)
  UNION ALL
  SELECT 'bulk-problems', NULL, (SELECT count(*)::text FROM asked), gate.bulk_problems::text
  FROM gate WHERE (SELECT count(*) FROM asked) > gate.bulk_problems
  UNION ALL
  SELECT 'bulk-amount', s.currency::text, s.total::text, l.amount_minor::text
  FROM gate CROSS JOIN sums s LEFT JOIN piculus.approval_amounts l ON l.what = 'bulk' AND l.currency = s.currency
  WHERE gate.limits_bulk AND s.problems > 1 AND s.total > coalesce(l.amount_minor, -1)
  UNION ALL
  SELECT 'day-amount', s.currency::text, (s.total + coalesce(t.total, 0))::text, l.amount_minor::text
  FROM gate CROSS JOIN sums s LEFT JOIN today t ON t.currency = s.currency
  LEFT JOIN piculus.approval_amounts l ON l.what = 'day' AND l.currency = s.currency
  WHERE gate.limits_day AND s.total + coalesce(t.total, 0) > coalesce(l.amount_minor, -1)
$$;

ALTER TABLE piculus.run_requests ADD COLUMN approval_id bigint REFERENCES piculus.approvals;
CREATE INDEX run_requests_by_approval ON piculus.run_requests (approval_id) WHERE approval_id IS NOT NULL;

-- Whatever path leads to a run request, it ends here: PA001 where a second person is needed and has not agreed.
CREATE FUNCTION piculus.gate_run_requests() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  alone record;
  need record;
BEGIN
  IF EXISTS (
    SELECT FROM made m LEFT JOIN piculus.problems p ON p.id = m.problem_id
    WHERE m.approval_id IS NOT NULL
      AND (p.id IS NULL OR NOT piculus.approval_covers(m.approval_id, p, m.requested_by, m.requested_at))) THEN
    RAISE EXCEPTION 'the approval does not cover this run' USING ERRCODE = 'PA002';
  END IF;
  IF NOT (SELECT enforced FROM piculus.approval_gate) THEN RETURN NULL; END IF;
  FOR alone IN
    SELECT m.requested_by AS person, max(m.requested_at) AS at, array_agg(m.problem_id) AS ids
    FROM made m WHERE m.approval_id IS NULL GROUP BY 1 ORDER BY 1
  LOOP
    -- One at a time per person, so that two clicks at the same moment cannot both be the last one below the limit.
    PERFORM pg_advisory_xact_lock(hashtextextended('piculus alone ' || alone.person, 0));
    SELECT * INTO need FROM piculus.run_needs(alone.ids, alone.person, alone.at) LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'a second person has to approve this: %', need.cause USING ERRCODE = 'PA001', DETAIL = need.cause;
    END IF;
    INSERT INTO piculus.alone_amounts AS d (person, slot, currency, problems, amount_minor)
    SELECT alone.person, date_trunc('minute', alone.at), p.currency, count(*), sum(abs(p.amount_minor))
    FROM piculus.problems p WHERE p.id = ANY(alone.ids) GROUP BY p.currency ORDER BY p.currency
    ON CONFLICT (person, slot, currency) DO UPDATE SET problems = d.problems + excluded.problems,
      amount_minor = d.amount_minor + excluded.amount_minor;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER run_requests_gate AFTER INSERT ON piculus.run_requests
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION piculus.gate_run_requests();

-- A row is inserted by the gate's own rules only; making another row of it afterwards would walk around it.
CREATE FUNCTION piculus.keep_run_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a run request is not changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER run_requests_kept BEFORE UPDATE ON piculus.run_requests
  FOR EACH ROW EXECUTE FUNCTION piculus.keep_run_request();

-- The first policy: careful where nothing was there before, and as it was everywhere else. -------------------------------

INSERT INTO piculus.approval_policies (version, mode, single_person, rules, changed_at, changed_by, reason)
SELECT 1, CASE WHEN fresh THEN 'careful' ELSE 'as-configured' END, false, rules, now(), 'policy:first-start',
  CASE WHEN fresh THEN 'a new installation begins careful' ELSE 'nothing changes for what was there before' END
FROM (SELECT NOT EXISTS (SELECT FROM piculus.users) AND NOT EXISTS (SELECT FROM piculus.solutions) AS fresh) AS asked,
(SELECT '{
  "unattended": {"C1": "below-amount", "C2": "person", "C3": "below-amount", "C4": "below-amount", "C5": "automatic",
    "C6": "automatic", "C7a": "below-amount", "C7b": "below-amount", "C8": "automatic", "C9": "below-amount",
    "S1": "automatic", "S2": "automatic", "X9": "below-amount"},
  "unattendedUpTo": [{"currency": "CNY", "amountMinor": "500000"}],
  "aloneUpTo": [{"currency": "CNY", "amountMinor": "500000"}],
  "bulkProblems": 20,
  "bulkUpTo": [{"currency": "CNY", "amountMinor": "2000000"}],
  "perDayUpTo": [{"currency": "CNY", "amountMinor": "5000000"}],
  "always": ["takes-from-customer", "change-solution", "reopen-fixed", "raise-limits"]
}'::jsonb AS rules) AS careful;

INSERT INTO piculus.approval_gate (version, enforced, bulk_problems, limits_one, limits_bulk, limits_day)
SELECT 1, mode = 'careful', 20, true, true, true FROM piculus.approval_policies;
INSERT INTO piculus.approval_amounts (what, currency, amount_minor)
VALUES ('one', 'CNY', 500000), ('bulk', 'CNY', 2000000), ('day', 'CNY', 5000000);
INSERT INTO piculus.approval_scenarios (scenario) VALUES ('C2'), ('X1'), ('X3'), ('X4'), ('X6');
INSERT INTO piculus.unattended_rules (scenario, currency, amount_minor) VALUES
  ('C5', '', NULL), ('C6', '', NULL), ('C8', '', NULL), ('S1', '', NULL), ('S2', '', NULL),
  ('C1', 'CNY', 500000), ('C3', 'CNY', 500000), ('C4', 'CNY', 500000), ('C7a', 'CNY', 500000),
  ('C7b', 'CNY', 500000), ('C9', 'CNY', 500000), ('X9', 'CNY', 500000);
