export * from './facts.ts';
export * from './ports.ts';
