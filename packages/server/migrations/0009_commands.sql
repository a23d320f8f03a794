-- Commands that are bound to their evidence, and refusals of commands by clients.

-- One for each of problem_ids, in the same order; null for leases from before this migration.
ALTER TABLE piculus.leases
  ADD COLUMN evidence_hashes text[] CHECK (cardinality(evidence_hashes) = cardinality(problem_ids));

-- A client refuses what is not signed by a key that it trusts. One row for each client and reason.
CREATE TABLE piculus.command_refusals (
  sys_code  text NOT NULL REFERENCES piculus.systems,
  client_id text NOT NULL,
  code      text NOT NULL,
  first_at  timestamptz NOT NULL,
  last_at   timestamptz NOT NULL,
  refusals  bigint NOT NULL CHECK (refusals >= 1),
  PRIMARY KEY (sys_code, client_id, code)
);
CREATE INDEX command_refusals_last_at ON piculus.command_refusals (last_at);
