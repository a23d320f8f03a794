-- Acts with everything about them, and one chain of blocks over acts, reports and executions.

-- By what somebody acted, from where, in which request, and what was there before and after. Acts from before this
-- migration have none of it. `via` is null where no caller was known, for instance at a sign-in.
ALTER TABLE piculus.audit
  ADD COLUMN via text CHECK (via IN ('session', 'token', 'policy')),
  ADD COLUMN from_address text,
  ADD COLUMN request_id text,
  ADD COLUMN before jsonb,
  ADD COLUMN after jsonb;
CREATE INDEX audit_act ON piculus.audit (act, id);
CREATE INDEX audit_actor ON piculus.audit (actor, id);
CREATE INDEX audit_sys_code ON piculus.audit (sys_code, id) WHERE sys_code IS NOT NULL;
CREATE INDEX audit_at ON piculus.audit USING brin (at) WITH (pages_per_range = 32);

-- The writer of the chain must know which ids will not appear any more. A transaction that takes an id has its
-- transaction id before it: the trigger runs before the statement draws from the sequence. So once every transaction
-- that was there when an id was seen has ended, no row with a lower id can still be on its way.
CREATE FUNCTION piculus.take_transaction_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_current_xact_id();
  RETURN NULL;
END $$;
CREATE TRIGGER audit_transaction BEFORE INSERT ON piculus.audit
  FOR EACH STATEMENT EXECUTE FUNCTION piculus.take_transaction_id();
CREATE TRIGGER reports_transaction BEFORE INSERT ON piculus.reports
  FOR EACH STATEMENT EXECUTE FUNCTION piculus.take_transaction_id();
CREATE TRIGGER executions_transaction BEFORE INSERT ON piculus.executions
  FOR EACH STATEMENT EXECUTE FUNCTION piculus.take_transaction_id();

CREATE TABLE piculus.audit_blocks (
  number   bigint PRIMARY KEY CHECK (number >= 1),
  -- Which fields the digests of its rows cover.
  format   integer NOT NULL CHECK (format >= 1),
  -- Whole milliseconds, as the hash spells it.
  made_at  timestamptz NOT NULL CHECK (made_at = date_trunc('milliseconds', made_at, 'UTC')),
  -- SHA-256 each; the first block follows 32 zero bytes. Two blocks cannot follow the same one.
  previous bytea NOT NULL UNIQUE CHECK (octet_length(previous) = 32),
  hash     bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32)
);

-- What a block covers of one table: all its rows with after_id < id <= up_to_id.
CREATE TABLE piculus.audit_block_rows (
  block    bigint NOT NULL REFERENCES piculus.audit_blocks,
  source   text NOT NULL CHECK (source IN ('audit', 'reports', 'executions')),
  after_id bigint NOT NULL CHECK (after_id >= 0),
  up_to_id bigint NOT NULL CHECK (up_to_id > after_id),
  ids      bigint[] NOT NULL,
  -- 32 bytes for each id, in the same order.
  digests  bytea NOT NULL,
  PRIMARY KEY (block, source),
  CHECK (octet_length(digests) = 32 * cardinality(ids))
);
-- The block that covers a row.
CREATE UNIQUE INDEX audit_block_rows_up_to ON piculus.audit_block_rows (source, up_to_id);

CREATE TABLE piculus.audit_checkpoints (
  block      bigint PRIMARY KEY,
  hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
  signed_at  timestamptz NOT NULL CHECK (signed_at = date_trunc('milliseconds', signed_at, 'UTC')),
  -- The Ed25519 key as 32 raw bytes.
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  signature  bytea NOT NULL CHECK (octet_length(signature) = 64)
);
