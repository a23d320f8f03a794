/** The rows of migrations/0020_nodes.sql, by table. */
import type { ColumnType, Generated } from 'kysely';

type Time = ColumnType<Date, Date, Date>;
type TimeOrNull = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Default<T> = ColumnType<T, T | undefined, T>;

export interface NodeTables {
  nodes: {
    node_id: string;
    started_at: Time;
    seen_at: Time;
    unbroken_since: Time;
    state: string;
    gone_at: TimeOrNull;
    gone_because: string | null;
    version: string;
    host: string;
    pid: number;
    address: string;
    clients: Default<number>;
    secret_print: string;
    signing_key: string | null;
    audit_key: string;
  };
  node_messages: {
    id: Generated<string>;
    from_node: string;
    to_node: string | null;
    kind: string;
    body: Buffer;
    at: Default<Date>;
  };
  duties: {
    name: string;
    node_id: string;
    epoch: Default<string>;
    expires_at: Time;
  };
}
