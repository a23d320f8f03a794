-- The journal of a production system: which effects it committed for which command key.
-- It lives beside the system's own tables, because an effect and its row commit in one transaction.
-- Nothing in here is ever deleted by the SDK: a key that was forgotten could be applied twice.
-- The schema name is replaced by the configured one.
CREATE SCHEMA IF NOT EXISTS piculus_client;

CREATE TABLE IF NOT EXISTS piculus_client.commands (
  command_key  text        PRIMARY KEY,
  payload_hash text        NOT NULL,
  opened_at    timestamptz NOT NULL DEFAULT now(),
  answer       jsonb,
  answered_at  timestamptz,
  CONSTRAINT commands_answer_has_a_time CHECK ((answer IS NULL) = (answered_at IS NULL))
);

CREATE TABLE IF NOT EXISTS piculus_client.effects (
  command_key  text        NOT NULL REFERENCES piculus_client.commands (command_key),
  effect_key   text        NOT NULL,
  kind         text        NOT NULL,
  amount_minor numeric(18) NOT NULL CHECK (amount_minor >= 0),
  currency     text        NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (command_key, effect_key)
);
