export * from './api-client.ts';
export type { ApiErrorCode } from './api-error.ts';
export * from './audit.ts';
export * from './bulk-runs.ts';
export * from './figures.ts';
export * from './limits.ts';
export * from './resources.ts';
export * from './routes.ts';
export * from './client-environment.ts';
