/** The environment as a checked configuration. The only file of the server that reads `process.env`. */
import { type NatsConfig, readNats } from './config-nats.ts';
import { type NodesConfig, readNodes } from './config-nodes.ts';
import { readProxies } from './config-proxies.ts';
import { createConfigReader, type Environment } from './config-reader.ts';
import { readSignOn, type SignOnConfig } from './config-sign-on.ts';
import { readTelemetry, type TelemetryConfig } from './config-telemetry.ts';
import { LOG_LEVELS, type LogLevel } from './base/logger.ts';
import { secretWeakness } from './identity/secret.ts';

/** A heartbeat comes three times in a lease, and a client sends none more often than every 100 ms. */
const LEASE_MS_MIN = 300;

export interface ServerConfig {
  /** Null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null;
  /** Connections of the pool of this node. */
  readonly databaseConnections: number;
  /** A role that owns the schema and migrates it, where that is not the server's own. */
  readonly migrationDatabaseUrl: string | null;
  /** For the embedded database and the server's secret. */
  readonly dataDir: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly logLevel: LogLevel;
  /** How long a client may keep work without a sign of life. */
  readonly leaseMs: number;
  /** Where the first password is written, readable by its owner only. */
  readonly adminPasswordFile: string | null;
  /** Null: made at the first start and kept in `dataDir`. */
  readonly secret: string | null;
  /** Where people open the console from, where a proxy stands between. */
  readonly publicUrl: string | null;
  /** Addresses and networks of proxies in front, whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
  /** Null: people sign in by password alone. */
  readonly signOn: SignOnConfig | null;
  readonly messageRetentionDays: number;
  /** Where checkpoints of the audit's chain are appended, beside the database's reach. */
  readonly auditCheckpointFile: string | null;
  /** Where they are posted to. */
  readonly auditCheckpointUrl: string | null;
  /** Key that signs checkpoints, the same for all nodes; null: made at the first start and kept in `dataDir`. */
  readonly auditKeyFile: string | null;
  /** Folder of the keys that commands are signed with; null: `signing-keys` in `dataDir`. */
  readonly signingKeysDir: string | null;
  /** One signing key that somebody else keeps and changes; instead of the folder. */
  readonly signingKeyFile: string | null;
  readonly nodes: NodesConfig;
  /** Null: clients come by WebSocket alone. */
  readonly nats: NatsConfig | null;
  readonly telemetry: TelemetryConfig;
}

/** Each line names a variable and what is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** @throws ConfigError naming every variable that is not valid. */
export function loadConfig(environment: Environment = process.env): ServerConfig {
  const reader = createConfigReader(environment);
  const { problems, text, whole, url } = reader;
  const level = text('PICULUS_LOG_LEVEL') ?? 'info';
  const logLevel = LOG_LEVELS.find((each) => each === level);
  if (logLevel === undefined)
    problems.push(`PICULUS_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${level}"`);
  const secret = text('PICULUS_SECRET');
  // Whoever sets it means to; an empty one is a mistake of what fills it in.
  if (secret === null && environment.PICULUS_SECRET !== undefined)
    problems.push('PICULUS_SECRET is set and empty; leave it out and one is made at the first start');
  const weakness = secret === null ? null : secretWeakness(secret);
  if (weakness !== null) problems.push(`PICULUS_SECRET ${weakness}`);
  const publicUrl = url('PICULUS_PUBLIC_URL', ['http:', 'https:']);
  const proxies = readProxies('PICULUS_TRUST_PROXY', text('PICULUS_TRUST_PROXY'));
  problems.push(...proxies.problems);
  const config: ServerConfig = {
    databaseUrl: url('PICULUS_DATABASE_URL', ['postgres:', 'postgresql:']),
    databaseConnections: whole('PICULUS_DATABASE_CONNECTIONS', 6, [2, 100]),
    migrationDatabaseUrl: url('PICULUS_MIGRATION_DATABASE_URL', ['postgres:', 'postgresql:']),
    dataDir: text('PICULUS_DATA_DIR') ?? './.piculus',
    host: text('PICULUS_HOST') ?? '127.0.0.1',
    port: whole('PICULUS_PORT', 7070, [0, 65_535]),
    logLevel: logLevel ?? 'info',
    leaseMs: whole('PICULUS_LEASE_MS', 15_000, [LEASE_MS_MIN, 3_600_000]),
    adminPasswordFile: text('PICULUS_ADMIN_PASSWORD_FILE'),
    secret,
    publicUrl,
    trustedProxies: proxies.proxies,
    signOn: readSignOn(text, problems, publicUrl),
    messageRetentionDays: whole('PICULUS_MESSAGE_RETENTION_DAYS', 14, [1, 3_650]),
    auditCheckpointFile: text('PICULUS_AUDIT_CHECKPOINT_FILE'),
    auditCheckpointUrl: url('PICULUS_AUDIT_CHECKPOINT_URL', ['http:', 'https:']),
    auditKeyFile: text('PICULUS_AUDIT_KEY_FILE'),
    signingKeysDir: text('PICULUS_SIGNING_KEYS_DIR'),
    signingKeyFile: text('PICULUS_SIGNING_KEY_FILE'),
    nodes: readNodes(reader),
    nats: readNats(reader),
    telemetry: readTelemetry(reader),
  };
  if (config.migrationDatabaseUrl !== null && config.databaseUrl === null)
    problems.push('PICULUS_MIGRATION_DATABASE_URL needs PICULUS_DATABASE_URL beside it');
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
