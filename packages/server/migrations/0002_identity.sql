-- Users and their sessions, in the shape that better-auth 1.7 reads and writes (identity/auth.ts names the
-- columns). Passwords are hashed with argon2id; a session's token is its secret.

CREATE TABLE piculus.users (
  id             text PRIMARY KEY,
  name           text NOT NULL,
  -- The library asks for one; a user of Piculus signs in by name, so it is `<username>@local`.
  email          text NOT NULL UNIQUE,
  email_verified boolean NOT NULL DEFAULT false,
  image          text,
  created_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  username       text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9._-]{3,32}$'),
  role           text NOT NULL DEFAULT 'administrator',
  -- A disabled user cannot sign in. Users are never deleted: the audit names them.
  banned         boolean NOT NULL DEFAULT false,
  ban_reason     text,
  ban_expires    timestamptz
);

CREATE TABLE piculus.sessions (
  id              text PRIMARY KEY,
  expires_at      timestamptz NOT NULL,
  token           text NOT NULL UNIQUE,
  created_at      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at      timestamptz NOT NULL,
  ip_address      text,
  user_agent      text,
  user_id         text NOT NULL REFERENCES piculus.users ON DELETE CASCADE,
  impersonated_by text
);
CREATE INDEX sessions_user_id_idx ON piculus.sessions (user_id);

CREATE TABLE piculus.accounts (
  id                       text PRIMARY KEY,
  account_id               text NOT NULL,
  provider_id              text NOT NULL,
  user_id                  text NOT NULL REFERENCES piculus.users ON DELETE CASCADE,
  access_token             text,
  refresh_token            text,
  id_token                 text,
  access_token_expires_at  timestamptz,
  refresh_token_expires_at timestamptz,
  scope                    text,
  password                 text,
  created_at               timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at               timestamptz NOT NULL
);
CREATE INDEX accounts_user_id_idx ON piculus.accounts (user_id);

CREATE TABLE piculus.verifications (
  id         text PRIMARY KEY,
  identifier text NOT NULL,
  value      text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX verifications_identifier_idx ON piculus.verifications (identifier);
