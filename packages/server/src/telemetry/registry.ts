/** The metrics of the table in memory, and how they are written out. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createLabelLimit } from './labels.ts';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
} from './table.ts';

/** Sets gauges. Those that it does not set any more are gone from the next answer. */
export type GaugeSource = (set: SetGauge) => void | Promise<void>;
export type SetGauge = <N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number) => void;

export interface MetricRegistry {
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void;
  readonly set: SetGauge;
  /** As `set`, with the values of the labels in the table's order. */
  setInOrder(name: GaugeName, values: readonly string[], value: number): void;
  /** Asked for these gauges at every scrape. */
  source(names: readonly GaugeName[], read: GaugeSource): void;
  /** Memory, processor and event loop of the process, beside the table. */
  addProcess(): void;
  readonly contentType: string;
  /** Forgets everything and ends what watches the process. */
  clear(): void;
  /** The text of a scrape. A source that fails leaves its gauges out. */
  text(failed: (error: unknown) => void): Promise<string>;
}

type Labels = Readonly<Record<string, string>>;

export function createRegistry(): MetricRegistry {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const sources: { readonly names: readonly GaugeName[]; readonly read: GaugeSource }[] = [];
  const limit = createLabelLimit();
  let last: Promise<string> = Promise.resolve('');

  for (const [name, spec] of Object.entries(METRICS)) {
    const shape = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
    if (spec.type === 'counter') counters.set(name, new Counter(shape));
    else if (spec.type === 'gauge') gauges.set(name, new Gauge(shape));
    else histograms.set(name, new Histogram({ ...shape, buckets: [...spec.buckets] }));
  }

  const bounded = (name: MetricName, labels: Labels): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, limit(name, label, value)]));
  const setAny = (name: GaugeName, labels: Labels, value: number): void => {
    gauges.get(name)?.set(bounded(name, labels), value);
  };

  async function readSource(
    { names, read }: { readonly names: readonly GaugeName[]; readonly read: GaugeSource },
    failed: (error: unknown) => void,
  ): Promise<void> {
    for (const name of names) {
      const gauge = gauges.get(name);
      // A gauge without labels would start anew at 0, which is a figure too.
      if (METRICS[name].labels.length === 0) gauge?.remove();
      else gauge?.reset();
    }
    try {
      await read(setAny);
    } catch (error) {
      failed(error);
    }
  }

  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc(bounded(name, labels), by),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(bounded(name, labels), seconds),
    set: setAny,
    setInOrder(name, values, value) {
      const labels = METRICS[name].labels.map((label, index) => [label, values[index] ?? '']);
      setAny(name, Object.fromEntries(labels), value);
    },
    source: (names, read) => {
      sources.push({ names, read });
    },
    addProcess: () => collectDefaultMetrics({ register: registry }),
    contentType: registry.contentType,
    clear: () => registry.clear(),
    text(failed) {
      // Two at once would take away each other's gauges.
      const turn = last.then(async () => {
        await Promise.all(sources.map((source) => readSource(source, failed)));
        return registry.metrics();
      });
      last = turn.catch(() => '');
      return turn;
    },
  };
}
