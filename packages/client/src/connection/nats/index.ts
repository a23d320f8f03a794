/**
 * The transport over NATS: `createClient({ transport: natsTransport({ … }), … })`. Needs `@nats-io/transport-node` and
 * `@nats-io/jetstream` beside the SDK. The system's key proves who the client is and never leaves the process; NATS
 * itself wants a user of its own.
 */
export { type NatsLogin, type NatsTls, type NatsTransportOptions, natsTransport } from './transport.ts';
