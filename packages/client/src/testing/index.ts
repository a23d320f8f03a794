/** The testing kit: run a fix, a collector or a whole client without a server. */
export * from './journal-conformance.ts';
export * from './manual-clock.ts';
export * from './memory-journal.ts';
export * from './run.ts';
export {
  createTestServer,
  type TestCollected,
  type TestFaults,
  type TestServer,
  type TestServerOptions,
} from './test-server.ts';
