-- When people proved who they are and were last seen, passwords that count once, and what slows guessing down.

ALTER TABLE piculus.users
  -- A password that somebody else made: it lets its owner do nothing but choose another one.
  ADD COLUMN one_time_password boolean NOT NULL DEFAULT false,
  ADD COLUMN last_seen_at timestamptz;

ALTER TABLE piculus.sessions
  -- Null: before this was kept, so that acts which ask for a fresh proof ask for one.
  ADD COLUMN authenticated_at timestamptz,
  ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- Failed proofs in a row. A key is a slot, not a name: there are as many rows as slots, whatever names are tried.
CREATE TABLE piculus.sign_in_failures (
  slot          text PRIMARY KEY,
  failures      integer NOT NULL,
  -- Until then nothing is tried for this slot.
  blocked_until timestamptz NOT NULL,
  last_at       timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_last_at_idx ON piculus.sign_in_failures (last_at);

-- Where each person signed in before: a stranger elsewhere cannot slow them down there.
CREATE TABLE piculus.known_addresses (
  user_id text NOT NULL REFERENCES piculus.users ON DELETE CASCADE,
  address text NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, address)
);
