-- What the server does to tables themselves, so that it can work under a role that owns none of them: the days of the
-- message log. Everything else that it needs are rights on rows; `piculus migrate --print-grants` prints them.
CREATE FUNCTION piculus.make_messages_of(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  EXECUTE format('CREATE TABLE piculus.%I PARTITION OF piculus.messages FOR VALUES FROM (%L) TO (%L)',
    'messages_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00Z', (day + 1)::text || ' 00:00:00Z');
END $$;

CREATE FUNCTION piculus.drop_messages_of(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  EXECUTE format('DROP TABLE IF EXISTS piculus.%I', 'messages_' || to_char(day, 'YYYYMMDD'));
END $$;

REVOKE EXECUTE ON FUNCTION piculus.make_messages_of(date), piculus.drop_messages_of(date) FROM PUBLIC;
