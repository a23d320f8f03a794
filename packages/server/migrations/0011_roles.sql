-- Who may do what: a role is a named set of verbs, a grant gives a person a role for one system or for all.

CREATE TABLE piculus.roles (
  name        text PRIMARY KEY CHECK (char_length(name) BETWEEN 1 AND 24),
  verbs       text[] NOT NULL
              CHECK (verbs <@ ARRAY['view', 'collect', 'execute', 'approve', 'configure', 'administer']
                     AND cardinality(verbs) BETWEEN 1 AND 6),
  description text NOT NULL DEFAULT '',
  -- Which of two edits was made on what the other left.
  version     integer NOT NULL DEFAULT 1,
  changed_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  changed_by  text NOT NULL,
  -- Whoever may do nothing else must not change what this one means: it is how people get rights back.
  CHECK (name <> 'administrator'
         OR verbs @> ARRAY['view', 'collect', 'execute', 'approve', 'configure', 'administer'])
);
-- Two roles whose names differ by capitals alone would be taken for one another.
CREATE UNIQUE INDEX roles_name_idx ON piculus.roles (lower(name));

INSERT INTO piculus.roles (name, verbs, changed_by) VALUES
  ('viewer', '{view}', 'policy:installed'),
  ('operator', '{view,collect,execute}', 'policy:installed'),
  ('approver', '{view,approve}', 'policy:installed'),
  ('engineer', '{view,collect,execute,configure}', 'policy:installed'),
  ('administrator', '{view,collect,execute,approve,configure,administer}', 'policy:installed');

CREATE TABLE piculus.grants (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    text NOT NULL REFERENCES piculus.users ON DELETE CASCADE,
  role       text NOT NULL REFERENCES piculus.roles,
  -- Null: all systems, present and future.
  sys_code   text REFERENCES piculus.systems,
  granted_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  granted_by text NOT NULL,
  UNIQUE NULLS NOT DISTINCT (user_id, role, sys_code)
);
CREATE INDEX grants_role_idx ON piculus.grants (role);
CREATE INDEX grants_sys_code_idx ON piculus.grants (sys_code);

-- So far everybody who could sign in could do everything, and goes on so until somebody says otherwise.
INSERT INTO piculus.grants (user_id, role, sys_code, granted_by)
SELECT id, 'administrator', NULL, 'policy:installed' FROM piculus.users;

-- The sign-in library's own word for what somebody may do; nothing asks for it.
ALTER TABLE piculus.users ALTER COLUMN role SET DEFAULT 'user';
UPDATE piculus.users SET role = 'user';
