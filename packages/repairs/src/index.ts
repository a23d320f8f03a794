export * from './classify.ts';
export * from './facts.ts';
export * from './ports.ts';
