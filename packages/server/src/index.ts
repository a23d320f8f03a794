/** The server as a library: what a process or the command line starts and looks after. */
export { type AuditCheck, migrateDatabase, resetAdminPassword, verifyAudit, withDatabase } from './admin.ts';
export { type CaseCheck, checkCaseFile } from './audit/case-proof.ts';
export { CASE_STYLE, renderCaseFile } from './audit/case-html.ts';
export { CASE_LANGUAGES, type CaseLanguage } from './audit/case-words.ts';
export { readCheckpointLines } from './audit/checkpoint-lines.ts';
export { ConfigError, loadConfig, type ServerConfig } from './config.ts';
export type { Environment } from './config-reader.ts';
export type { NatsReport } from './gateway/nats/check.ts';
export type { NatsConfigOrder, NatsConfigWritten } from './gateway/nats/write-config.ts';
export { checkNats, writeNatsConfig } from './gateway/nats/when-used.ts';
export { type NatsServerFile, type NatsUserLogin, writeNatsServerFile } from './gateway/nats/server-file.ts';
export { ownDatabaseDir } from './own-database.ts';
export { type ProcessPort, runServer } from './run.ts';
export { createServer, type PiculusServer, type ServerParts } from './server.ts';
export { type DatabaseReport, inspectDatabase } from './store/inspect.ts';
export { grantsFor } from './store/rights.ts';
export { StartError } from './start-error.ts';
