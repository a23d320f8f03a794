-- readable-from: 0015
-- Several servers on one database: who they are, what they tell each other, and which of them has a duty.
-- Nothing here decides about work. Times are the database's own, so that no node's clock counts.

CREATE TABLE piculus.nodes (
  -- One life of a process: it gets another one where it was taken for dead and comes back.
  node_id        text PRIMARY KEY,
  started_at     timestamptz NOT NULL,
  seen_at        timestamptz NOT NULL,
  -- Since when its signs of life came without a gap.
  unbroken_since timestamptz NOT NULL,
  state          text NOT NULL CHECK (state IN ('working', 'draining', 'gone')),
  gone_at        timestamptz,
  -- It said goodbye, or the others heard nothing of it.
  gone_because   text CHECK (gone_because IN ('stopped', 'silent')),
  version        text NOT NULL,
  host           text NOT NULL,
  pid            integer NOT NULL,
  address        text NOT NULL,
  clients        integer NOT NULL DEFAULT 0,
  -- What all nodes must have alike. None of these tells anything of a secret.
  secret_print   text NOT NULL,
  signing_key    text,
  audit_key      text NOT NULL,
  CHECK ((state = 'gone') = (gone_at IS NOT NULL) AND (state = 'gone') = (gone_because IS NOT NULL))
);

-- Short-lived: what a node asks or tells others. Bodies are sealed with the server's secret.
CREATE TABLE piculus.node_messages (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_node text NOT NULL,
  -- Null: all others.
  to_node   text,
  kind      text NOT NULL,
  body      bytea NOT NULL,
  at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX node_messages_at_idx ON piculus.node_messages (at);

-- What one node does for all of them, as long as it renews. Correctness never depends on it.
CREATE TABLE piculus.duties (
  name       text PRIMARY KEY,
  node_id    text NOT NULL,
  -- Raised whenever another node takes it.
  epoch      bigint NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL
);
