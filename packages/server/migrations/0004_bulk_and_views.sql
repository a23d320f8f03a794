-- Bulk runs: many problems run at once by a person, each with what came of it. ------------------------------------

CREATE TABLE piculus.bulk_runs (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  reason       text,
  scope        text NOT NULL CHECK (scope IN ('ids', 'filter')),
  -- As it was given; null where the problems were named.
  filter       jsonb,
  problems     integer NOT NULL DEFAULT 0,
  -- Of its problems when it was made: [{currency, amountMinor}].
  amounts      jsonb NOT NULL DEFAULT '[]',
  -- Set once nothing waits any more.
  finished_at  timestamptz,
  CHECK ((scope = 'filter') = (filter IS NOT NULL))
);
CREATE INDEX bulk_runs_by_person ON piculus.bulk_runs (requested_by, id);

-- The problem as it was when the run was made, so that the run stays readable whatever becomes of the problem.
CREATE TABLE piculus.bulk_run_items (
  bulk_run_id  bigint NOT NULL,
  problem_id   bigint NOT NULL,
  sys_code     text NOT NULL,
  fix_code     text NOT NULL,
  business_key text NOT NULL,
  amount_minor numeric(20) NOT NULL,
  currency     char(3) NOT NULL,
  result       text NOT NULL,
  -- Why it was refused (a code of the errors) or dropped (a cause); null for outcomes of executions.
  code         text,
  -- What the client or the person said.
  note         text,
  PRIMARY KEY (bulk_run_id, problem_id)
);
CREATE INDEX bulk_run_items_by_result ON piculus.bulk_run_items (bulk_run_id, result, problem_id);

-- Kept by the deltas of each batch of answers, so that no page counts the items.
CREATE TABLE piculus.bulk_run_results (
  bulk_run_id bigint NOT NULL,
  result      text NOT NULL,
  problems    integer NOT NULL,
  PRIMARY KEY (bulk_run_id, result)
) WITH (fillfactor = 50);

-- The bulk run that a click belongs to; null for a click on one problem.
ALTER TABLE piculus.run_requests ADD COLUMN bulk_run_id bigint;
CREATE INDEX run_requests_by_bulk_run ON piculus.run_requests (bulk_run_id) WHERE bulk_run_id IS NOT NULL;

-- What waits for a person though its solution could run it, for the impact of a change of the solution.
CREATE INDEX attention_reopened ON piculus.attention (sys_code, fix_code) WHERE state = 'pending';

-- Saved views: a list's filters under a name. ---------------------------------------------------------------------

CREATE TABLE piculus.saved_views (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_by text NOT NULL,
  page       text NOT NULL,
  name       text NOT NULL,
  query      text NOT NULL,
  shared     boolean NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (created_by, page, name)
);

-- Figures of messages ask for a span of time; a day's partition is too much for one minute. -------------------------
CREATE INDEX messages_at ON piculus.messages USING brin (at) WITH (pages_per_range = 32);
