-- readable-from: 0015
-- Each connection of a client has a number, higher than that of every connection before it, so that a node which slept
-- while its client went elsewhere can do nothing more in that client's name. Numbers may be missing: a build from before
-- this file writes none. What a lease or a collect may never do is refused by the tables themselves.

CREATE SEQUENCE piculus.client_connections;

-- For a role that owns nothing and therefore has no right on the sequence.
CREATE FUNCTION piculus.next_connection() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT nextval('piculus.client_connections')
$$;

ALTER TABLE piculus.clients ADD COLUMN connection bigint;
ALTER TABLE piculus.leases ADD COLUMN connection bigint;
ALTER TABLE piculus.collect_commands ADD COLUMN connection bigint;
-- Which node runs the request, so that a key does not wait ten minutes for one that died.
ALTER TABLE piculus.idempotency_keys ADD COLUMN node_id text;

-- Whoever greets without a number, because their build knows of none, gets the next one.
CREATE FUNCTION piculus.number_connection() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF NEW.connection IS NULL OR (TG_OP = 'UPDATE' AND NEW.connection IS NOT DISTINCT FROM OLD.connection) THEN
    NEW.connection := piculus.next_connection();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clients_numbered BEFORE INSERT OR UPDATE OF hello ON piculus.clients
  FOR EACH ROW EXECUTE FUNCTION piculus.number_connection();

CREATE FUNCTION piculus.guard_lease() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM piculus.clients c WHERE c.client_id = NEW.client_id AND c.connection > NEW.connection) THEN
      RAISE EXCEPTION 'the client has a newer connection' USING ERRCODE = 'PF002';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.closed_at IS NOT NULL OR NEW.epoch < OLD.epoch OR NEW.client_id <> OLD.client_id
    OR cardinality(NEW.answered_ids) < cardinality(OLD.answered_ids) THEN
    RAISE EXCEPTION 'the lease was taken away' USING ERRCODE = 'PF001';
  END IF;
  IF NEW.connection IS DISTINCT FROM OLD.connection AND coalesce(NEW.connection < OLD.connection, NEW.connection IS NULL) THEN
    RAISE EXCEPTION 'the client has a newer connection' USING ERRCODE = 'PF002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER leases_guard BEFORE INSERT OR UPDATE ON piculus.leases
  FOR EACH ROW EXECUTE FUNCTION piculus.guard_lease();

CREATE FUNCTION piculus.guard_collect_command() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF OLD.finished_at IS NOT NULL OR NEW.epoch < OLD.epoch THEN
    RAISE EXCEPTION 'the collect was taken away' USING ERRCODE = 'PF001';
  END IF;
  IF NEW.client_id = OLD.client_id AND NEW.epoch = OLD.epoch AND NEW.connection < OLD.connection THEN
    RAISE EXCEPTION 'the client has a newer connection' USING ERRCODE = 'PF002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER collect_commands_guard BEFORE UPDATE ON piculus.collect_commands
  FOR EACH ROW EXECUTE FUNCTION piculus.guard_collect_command();
