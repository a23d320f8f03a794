-- Tokens of people for their programs. The secret is stored hashed only; what a token may do is at each call no more
-- than what its owner may do then.
CREATE TABLE piculus.api_tokens (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id      text NOT NULL REFERENCES piculus.users,
  name         text NOT NULL,
  -- The first characters of the token, to tell tokens apart.
  prefix       text NOT NULL,
  token_hash   bytea NOT NULL UNIQUE,
  verbs        text[] NOT NULL,
  -- Null: wherever the owner may.
  sys_codes    text[],
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL CHECK (expires_at <= created_at + interval '366 days'),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
CREATE INDEX api_tokens_user_id_idx ON piculus.api_tokens (user_id, id);
