-- readable-from: 0015
-- What the database does beside the work: room for updates, and statistics.

-- A result makes a new version of the problem's row, and a batch of results does so for all rows of a page at once. Where
-- the page has room for all of them, no index has to be told; where it has not, they go to other pages, and the table
-- grows as large as it does with this room.
ALTER TABLE piculus.problems SET (fillfactor = 50);

-- Statistics are taken anew whenever a tenth of a table has changed, which in a large incident is every few minutes. They
-- cost most where a column is wide, and the plans here depend on few of them: none are kept of columns that nothing is
-- searched by, and of the others fewer than usual. A column that is added later needs its line, because one with the
-- usual number makes the sample of the whole table five times as large.
ALTER TABLE piculus.problems
  ALTER COLUMN id SET STATISTICS 20,
  ALTER COLUMN sys_code SET STATISTICS 20,
  ALTER COLUMN fix_code SET STATISTICS 20,
  ALTER COLUMN business_key SET STATISTICS 20,
  ALTER COLUMN scenario SET STATISTICS 20,
  ALTER COLUMN handling SET STATISTICS 20,
  ALTER COLUMN amount_minor SET STATISTICS 20,
  ALTER COLUMN currency SET STATISTICS 20,
  ALTER COLUMN out_of_pocket SET STATISTICS 20,
  ALTER COLUMN occurred_at SET STATISTICS 20,
  ALTER COLUMN facts SET STATISTICS 0,
  ALTER COLUMN contradictions SET STATISTICS 0,
  ALTER COLUMN state SET STATISTICS 20,
  ALTER COLUMN state_changed_at SET STATISTICS 0,
  ALTER COLUMN ready_at SET STATISTICS 20,
  ALTER COLUMN not_yet_since SET STATISTICS 0,
  ALTER COLUMN attempts SET STATISTICS 0,
  ALTER COLUMN retries_used SET STATISTICS 0,
  ALTER COLUMN reopen_count SET STATISTICS 0,
  ALTER COLUMN reopened SET STATISTICS 20,
  ALTER COLUMN seen_since_closed SET STATISTICS 0,
  ALTER COLUMN last_outcome SET STATISTICS 0,
  ALTER COLUMN last_reason SET STATISTICS 0,
  ALTER COLUMN last_command_id SET STATISTICS 0,
  ALTER COLUMN first_seen_at SET STATISTICS 20,
  ALTER COLUMN last_seen_at SET STATISTICS 0,
  ALTER COLUMN seen_count SET STATISTICS 20,
  ALTER COLUMN confirmed_at SET STATISTICS 20,
  ALTER COLUMN book SET STATISTICS 0;
ALTER TABLE piculus.executions
  ALTER COLUMN id SET STATISTICS 20,
  ALTER COLUMN problem_id SET STATISTICS 20,
  ALTER COLUMN sys_code SET STATISTICS 20,
  ALTER COLUMN fix_code SET STATISTICS 20,
  ALTER COLUMN business_key SET STATISTICS 20,
  ALTER COLUMN attempt SET STATISTICS 0,
  ALTER COLUMN trigger SET STATISTICS 0,
  ALTER COLUMN solution_version SET STATISTICS 0,
  ALTER COLUMN lease_id SET STATISTICS 20,
  ALTER COLUMN client_id SET STATISTICS 0,
  ALTER COLUMN command_key SET STATISTICS 0,
  ALTER COLUMN outcome SET STATISTICS 20,
  ALTER COLUMN state_before SET STATISTICS 0,
  ALTER COLUMN state_after SET STATISTICS 0,
  ALTER COLUMN reason SET STATISTICS 0,
  ALTER COLUMN effects SET STATISTICS 0,
  ALTER COLUMN moved_minor SET STATISTICS 0,
  ALTER COLUMN replayed SET STATISTICS 0,
  ALTER COLUMN verified SET STATISTICS 0,
  ALTER COLUMN facts SET STATISTICS 0,
  ALTER COLUMN dispatched_at SET STATISTICS 0,
  ALTER COLUMN started_at SET STATISTICS 0,
  ALTER COLUMN finished_at SET STATISTICS 20;
ALTER TABLE piculus.leases
  ALTER COLUMN id SET STATISTICS 20,
  ALTER COLUMN sys_code SET STATISTICS 20,
  ALTER COLUMN fix_code SET STATISTICS 20,
  ALTER COLUMN solution_id SET STATISTICS 20,
  ALTER COLUMN solution_version SET STATISTICS 0,
  ALTER COLUMN max_retries SET STATISTICS 0,
  ALTER COLUMN client_id SET STATISTICS 20,
  ALTER COLUMN node_id SET STATISTICS 0,
  ALTER COLUMN trigger SET STATISTICS 0,
  ALTER COLUMN epoch SET STATISTICS 0,
  ALTER COLUMN problem_ids SET STATISTICS 0,
  ALTER COLUMN business_keys SET STATISTICS 0,
  ALTER COLUMN answered_ids SET STATISTICS 0,
  ALTER COLUMN leased_at SET STATISTICS 20,
  ALTER COLUMN expires_at SET STATISTICS 20,
  ALTER COLUMN closed_at SET STATISTICS 20,
  ALTER COLUMN evidence_hashes SET STATISTICS 0,
  ALTER COLUMN connection SET STATISTICS 0;
ALTER TABLE piculus.audit_block_rows
  ALTER COLUMN block SET STATISTICS 20,
  ALTER COLUMN source SET STATISTICS 20,
  ALTER COLUMN after_id SET STATISTICS 0,
  ALTER COLUMN up_to_id SET STATISTICS 20,
  ALTER COLUMN ids SET STATISTICS 0,
  ALTER COLUMN digests SET STATISTICS 0;
