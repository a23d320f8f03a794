/** Messages over a carrier that is not trusted and keeps no order; shared by server and client. Needs Node. */
export * from './end.ts';
export * from './packets.ts';
export * from './proof.ts';
export * from './courier.ts';
export * from './nats.ts';
