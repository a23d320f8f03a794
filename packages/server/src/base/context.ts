/** Makes the context that every room gets: what a node has by itself unless it is given. */
import { aloneBus } from '../nodes/bus.ts';
import { noMetrics } from './metrics.ts';
import type { Context } from './services.ts';
import { noSteps } from './steps.ts';
import { noTracing } from './tracing.ts';

type Optional = 'bus' | 'metrics' | 'tracing' | 'steps';

export function contextOf(given: Omit<Context, Optional> & Partial<Pick<Context, Optional>>): Context {
  return { bus: aloneBus, metrics: noMetrics, tracing: noTracing, steps: noSteps, ...given };
}
