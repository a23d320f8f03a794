/** The expressions of the dashboard and of the alerts, as they stand in deploy/. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Asked {
  readonly where: string;
  readonly expression: string;
}

const read = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

/** Everything that an object holds under a key, however deep. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOf(inner, key),
  ]);
}

/** Variables of the dashboard are put in as text, so that what is left is plain. */
const plain = (expression: string): string => expression.replace(/"\$\w+"/g, '".*"');

export function dashboardExpressions(): Asked[] {
  const dashboard: unknown = JSON.parse(read('grafana/piculus.json'));
  // Values of a label are asked for in a word of Grafana's own.
  const variables = valuesOf(dashboard, 'definition').map((text) =>
    String(text).replace(/^label_values\((.*), (\w+)\)$/, 'count by ($2) ($1)'),
  );
  const expressions = valuesOf(dashboard, 'expr').map(String);
  return [...variables, ...expressions].map((expression) => ({
    where: 'grafana/piculus.json',
    expression: plain(expression),
  }));
}

export function alertExpressions(): Asked[] {
  const alerts: unknown = parse(read('prometheus/alerts.yml'));
  return valuesOf(alerts, 'expr').map((expression) => ({
    where: 'prometheus/alerts.yml',
    expression: String(expression),
  }));
}

/** Names of alerts, and whether each says what to do. */
export function alertNames(): { readonly name: string; readonly complete: boolean }[] {
  const alerts: unknown = parse(read('prometheus/alerts.yml'));
  const rules = valuesOf(alerts, 'rules').flat();
  return rules.map((rule) => ({
    name: String(valuesOf(rule, 'alert')[0]),
    complete: ['summary', 'action', 'severity'].every((key) => valuesOf(rule, key).length === 1),
  }));
}
