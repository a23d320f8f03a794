/**
 * The rows of migrations/, by table. `bigint` and `numeric` columns are text: ids and amounts never become a
 * float. Identity columns are generated.
 */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { NodeTables } from './tables-nodes.ts';

type Id = Generated<string>;
type Big = ColumnType<string, string | number | bigint, string | number | bigint>;
type BigDefault = ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
type Time = ColumnType<Date, Date, Date>;
type TimeOrNull = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Default<T> = ColumnType<T, T | undefined, T>;
type Json<T extends object | null> = JSONColumnType<T, string | undefined, string>;

export interface Tables extends NodeTables {
  systems: {
    sys_code: string;
    name: string;
    enabled: Default<boolean>;
    collect_cron: string | null;
    collect_time_zone: Default<string>;
    collect_window_ms: BigDefault;
    collect_tick_at: TimeOrNull;
    confirmed_execution_id: BigDefault;
    created_at: Time;
  };
  system_keys: {
    id: Id;
    sys_code: string;
    key_hash: Buffer;
    prefix: string;
    created_at: Time;
    last_used_at: TimeOrNull;
    revoked_at: TimeOrNull;
  };
  clients: {
    client_id: string;
    sys_code: string;
    hello: Json<Record<string, unknown>>;
    node_id: string;
    connected_at: Time;
    disconnected_at: TimeOrNull;
    last_heartbeat_at: TimeOrNull;
    last_answered_at: TimeOrNull;
    event_loop_lag_ms: number | null;
  };
  solutions: {
    id: Id;
    sys_code: string;
    fix_code: string;
    version: number;
    deleted_at: TimeOrNull;
    tick_at: TimeOrNull;
    tick_cursor: BigDefault;
    tick_done: Default<boolean>;
    tick_floor: BigDefault;
  };
  solution_versions: {
    solution_id: Big;
    version: number;
    max_retries: number;
    retry_cron: string;
    time_zone: string;
    execution_mode: string;
    status: string;
    level: string;
    description: string;
    changed_at: Time;
    changed_by: string;
  };
  collections: {
    id: Id;
    trigger: string;
    requested_by: string | null;
    window_from: Time;
    window_to: Time;
    created_at: Time;
    finished_at: TimeOrNull;
  };
  collect_commands: {
    id: Id;
    collection_id: Big;
    sys_code: string;
    state: string;
    fix_codes: Default<string[]>;
    window_from: Time;
    window_to: Time;
    client_id: string | null;
    client_version: string | null;
    epoch: Default<number>;
    lease_expires_at: TimeOrNull;
    last_sequence: Default<number>;
    rows_scanned: BigDefault;
    problems_reported: BigDefault;
    problems_new: BigDefault;
    feeds: Json<object[]>;
    reason: string | null;
    created_at: Time;
    started_at: TimeOrNull;
    finished_at: TimeOrNull;
  };
  reports: {
    id: Id;
    command_id: Big;
    epoch: number;
    sequence: number;
    client_id: string;
    received_at: Time;
    inserted: number;
    seen_again: number;
    reopened: number;
    changes: Json<object[]>;
  };
  problems: {
    id: Id;
    sys_code: string;
    fix_code: string;
    business_key: string;
    scenario: string;
    handling: string;
    amount_minor: Big;
    currency: string;
    out_of_pocket: string;
    occurred_at: Time;
    facts: Json<Record<string, unknown>>;
    contradictions: string[];
    state: string;
    state_changed_at: Time;
    ready_at: Time;
    not_yet_since: TimeOrNull;
    attempts: Default<number>;
    retries_used: Default<number>;
    reopen_count: Default<number>;
    reopened: Default<boolean>;
    seen_since_closed: Default<boolean>;
    last_outcome: string | null;
    last_reason: string | null;
    last_command_id: ColumnType<string | null, string | null | undefined, string | null>;
    first_seen_at: Time;
    last_seen_at: Time;
    seen_count: Default<number>;
    confirmed_at: TimeOrNull;
    book: Default<number>;
  };
  problem_counts: {
    sys_code: string;
    fix_code: string;
    scenario: string;
    state: string;
    out_of_pocket: string;
    currency: string;
    problems: Big;
    amount_minor: Big;
  };
  problem_ages: {
    slot: Time;
    sys_code: string;
    currency: string;
    problems: Big;
    amount_minor: Big;
  };
  attention: {
    problem_id: Big;
    sys_code: string;
    fix_code: string;
    state: string;
  };
  execution_counts: {
    slot: Time;
    sys_code: string;
    fix_code: string;
    outcome: string;
    executions: Big;
    to_person: Big;
    retries_used: Big;
  };
  run_requests: {
    id: Id;
    problem_id: Big;
    sys_code: string;
    fix_code: string;
    trigger: string;
    requested_by: string;
    reason: string | null;
    requested_at: Time;
    bulk_run_id: string | null;
  };
  bulk_runs: {
    id: Id;
    requested_by: string;
    requested_at: Time;
    reason: string | null;
    scope: string;
    filter: Json<Record<string, unknown> | null>;
    problems: Default<number>;
    amounts: Json<object>;
    finished_at: TimeOrNull;
  };
  bulk_run_items: {
    bulk_run_id: Big;
    problem_id: Big;
    sys_code: string;
    fix_code: string;
    business_key: string;
    amount_minor: Big;
    currency: string;
    result: string;
    code: string | null;
    note: string | null;
  };
  bulk_run_results: {
    bulk_run_id: Big;
    result: string;
    problems: number;
  };
  saved_views: {
    id: Id;
    created_by: string;
    page: string;
    name: string;
    query: string;
    shared: boolean;
    updated_at: Time;
  };
  leases: {
    id: string;
    sys_code: string;
    fix_code: string;
    solution_id: Big;
    solution_version: number;
    max_retries: number;
    client_id: string;
    node_id: string;
    trigger: string;
    epoch: Default<number>;
    problem_ids: string[];
    business_keys: string[];
    answered_ids: Default<string[]>;
    leased_at: Time;
    expires_at: Time;
    closed_at: TimeOrNull;
  };
  executions: {
    id: Id;
    problem_id: Big;
    sys_code: string;
    fix_code: string;
    business_key: string;
    attempt: number;
    trigger: string;
    solution_version: number;
    lease_id: string;
    client_id: string;
    command_key: string;
    outcome: string;
    state_before: string;
    state_after: string;
    reason: string;
    effects: Json<object[]>;
    moved_minor: Big;
    replayed: boolean;
    verified: boolean;
    facts: Json<Record<string, unknown> | null>;
    dispatched_at: Time;
    started_at: TimeOrNull;
    finished_at: Time;
  };
  messages: {
    id: Id;
    at: Time;
    message_id: string;
    direction: string;
    type: string;
    sys_code: string | null;
    client_id: string | null;
    state: string;
    error_code: string | null;
    collection_id: string | null;
    lease_id: string | null;
    size_bytes: number;
    latency_ms: number | null;
    payload: Json<object | null>;
  };
  audit: {
    id: Id;
    at: Time;
    actor: string;
    act: string;
    sys_code: string | null;
    problem_id: string | null;
    target: string | null;
    reason: string | null;
    detail: Json<Record<string, unknown>>;
    via: string | null;
    from_address: string | null;
    request_id: string | null;
    before: Json<Record<string, unknown> | null>;
    after: Json<Record<string, unknown> | null>;
  };
  audit_blocks: {
    number: Big;
    format: number;
    made_at: Time;
    previous: Buffer;
    hash: Buffer;
  };
  audit_block_rows: {
    block: Big;
    source: string;
    after_id: Big;
    up_to_id: Big;
    ids: string[];
    digests: Buffer;
  };
  audit_checkpoints: {
    block: Big;
    hash: Buffer;
    signed_at: Time;
    public_key: Buffer;
    signature: Buffer;
  };
  idempotency_keys: {
    actor: string;
    key: string;
    request_hash: Buffer;
    status: number | null;
    body: Json<object | null>;
    created_at: Time;
  };
  users: {
    id: string;
    name: string;
    email: string;
    email_verified: Default<boolean>;
    image: string | null;
    created_at: Default<Date>;
    updated_at: Default<Date>;
    username: string;
    role: Default<string>;
    banned: Default<boolean>;
    ban_reason: string | null;
    ban_expires: TimeOrNull;
    two_factor_enabled: Default<boolean>;
    one_time_password: Default<boolean>;
    last_seen_at: TimeOrNull;
  };
  verifications: {
    id: string;
    identifier: string;
    value: string;
    expires_at: Time;
    created_at: Default<Date>;
    updated_at: Default<Date>;
  };
  second_factors: {
    id: string;
    user_id: string;
    secret: string;
    backup_codes: string;
    verified: Default<boolean>;
    failed_verification_count: Default<number>;
    locked_until: TimeOrNull;
    last_step: ColumnType<string | null, number | null | undefined, number | null>;
    created_at: Time;
  };
  sessions: {
    id: string;
    expires_at: Time;
    token: string;
    created_at: Default<Date>;
    updated_at: Time;
    ip_address: string | null;
    user_agent: string | null;
    user_id: string;
    impersonated_by: string | null;
    authenticated_at: TimeOrNull;
    last_seen_at: Default<Date>;
  };
  sign_in_failures: {
    slot: string;
    failures: number;
    blocked_until: Time;
    last_at: Time;
  };
  known_addresses: {
    user_id: string;
    address: string;
    last_at: Time;
  };
  accounts: {
    id: string;
    account_id: string;
    provider_id: string;
    user_id: string;
    password: string | null;
    created_at: Default<Date>;
    updated_at: Time;
  };
}
