-- readable-from: 0015
-- Two books that are kept by the deltas of each batch beside problem_counts, so that no page walks over the hot table:
-- where problems of a kind and state lie, and how large the pending ones are.

-- How many problems of each kind and state lie in each block of 256 ids. A filtered list opens only blocks with a match.
CREATE TABLE piculus.problem_blocks (
  block           bigint NOT NULL,
  sys_code        text NOT NULL,
  fix_code        text NOT NULL,
  scenario        text NOT NULL,
  state           text NOT NULL,
  problems        bigint NOT NULL,
  -- Bounds of all that were ever counted here: they only widen.
  first_seen_from timestamptz NOT NULL,
  first_seen_to   timestamptz NOT NULL,
  PRIMARY KEY (block, sys_code, fix_code, scenario, state)
) WITH (fillfactor = 50);

-- Pending problems by their size, rounded up to one digit that is not zero: enough to say how many are above a limit of
-- one such digit, and most limits are.
CREATE TABLE piculus.pending_amounts (
  sys_code    text NOT NULL,
  fix_code    text NOT NULL,
  scenario    text NOT NULL,
  currency    char(3) NOT NULL,
  amount_step numeric(21) NOT NULL,
  problems    bigint NOT NULL,
  PRIMARY KEY (sys_code, fix_code, scenario, currency, amount_step)
) WITH (fillfactor = 50);

-- Of an amount that is not below zero.
CREATE FUNCTION piculus.amount_step(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT amount + (power - amount % power) % power
  FROM (SELECT ('1' || left('00000000000000000000', length(amount::text) - 1))::numeric AS power) AS digits
$$;

-- Who keeps the books itself makes this 2 or 3, and changes it whenever it changes what is counted. What a build from
-- before this file writes is counted here, so that nothing is missing while both work.
ALTER TABLE piculus.problems ADD COLUMN book smallint NOT NULL DEFAULT 0;

CREATE FUNCTION piculus.count_in_books(p piculus.problems, by bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO piculus.problem_blocks AS b (block, sys_code, fix_code, scenario, state, problems, first_seen_from, first_seen_to)
  VALUES (p.id / 256, p.sys_code, p.fix_code, p.scenario, p.state, by, p.first_seen_at, p.first_seen_at)
  ON CONFLICT (block, sys_code, fix_code, scenario, state) DO UPDATE SET problems = b.problems + excluded.problems,
    first_seen_from = least(b.first_seen_from, excluded.first_seen_from),
    first_seen_to = greatest(b.first_seen_to, excluded.first_seen_to);
  INSERT INTO piculus.pending_amounts AS a (sys_code, fix_code, scenario, currency, amount_step, problems)
  SELECT p.sys_code, p.fix_code, p.scenario, p.currency, piculus.amount_step(abs(p.amount_minor)), by
  WHERE p.state = 'pending'
  ON CONFLICT (sys_code, fix_code, scenario, currency, amount_step) DO UPDATE SET problems = a.problems + excluded.problems
$$;

CREATE FUNCTION piculus.keep_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN PERFORM piculus.count_in_books(OLD, -1); END IF;
  PERFORM piculus.count_in_books(NEW, 1);
  RETURN NEW;
END $$;
CREATE TRIGGER problems_books_of_inserts AFTER INSERT ON piculus.problems
  FOR EACH ROW WHEN (NEW.book < 2) EXECUTE FUNCTION piculus.keep_books();
CREATE TRIGGER problems_books_of_updates AFTER UPDATE OF state, scenario, amount_minor, currency ON piculus.problems
  FOR EACH ROW WHEN (NEW.book = OLD.book AND (NEW.state <> OLD.state OR NEW.scenario <> OLD.scenario
    OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency)) EXECUTE FUNCTION piculus.keep_books();

INSERT INTO piculus.problem_blocks (block, sys_code, fix_code, scenario, state, problems, first_seen_from, first_seen_to)
SELECT id / 256, sys_code, fix_code, scenario, state, count(*), min(first_seen_at), max(first_seen_at)
FROM piculus.problems GROUP BY 1, 2, 3, 4, 5;
INSERT INTO piculus.pending_amounts (sys_code, fix_code, scenario, currency, amount_step, problems)
SELECT sys_code, fix_code, scenario, currency, piculus.amount_step(abs(amount_minor)), count(*)
FROM piculus.problems WHERE state = 'pending' GROUP BY 1, 2, 3, 4, 5;
