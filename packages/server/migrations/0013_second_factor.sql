-- Second factors by time-based codes, in the shape that better-auth 1.7 reads and writes (identity/auth.ts names the
-- columns). Secret and recovery codes are encrypted with the server's own secret.

ALTER TABLE piculus.users ADD COLUMN two_factor_enabled boolean NOT NULL DEFAULT false;

CREATE TABLE piculus.second_factors (
  id                        text PRIMARY KEY,
  user_id                   text NOT NULL UNIQUE REFERENCES piculus.users ON DELETE CASCADE,
  secret                    text NOT NULL,
  backup_codes              text NOT NULL,
  -- False until a first code has shown that the person's device has the secret; nothing is asked for before.
  verified                  boolean NOT NULL DEFAULT false,
  failed_verification_count integer NOT NULL DEFAULT 0,
  locked_until              timestamptz,
  -- The span of 30 seconds whose code was used last: neither it nor an earlier one counts again.
  last_step                 bigint,
  created_at                timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- At most one account of the provider of single sign-on for each person.
CREATE UNIQUE INDEX accounts_single_sign_on_idx ON piculus.accounts (user_id) WHERE provider_id = 'oidc';

-- Who holds such a role has to set a second factor up before anything else.
ALTER TABLE piculus.roles ADD COLUMN requires_second_factor boolean NOT NULL DEFAULT false;
