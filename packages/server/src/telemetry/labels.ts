/** Keeps the number of series small whatever comes from outside: values beyond the limit become one. */

/** Values of one label that are told apart. */
const VALUES_MAX = 200;
export const OTHER = 'other';

/** @returns the value, or `other` where too many different ones were seen of this label before. */
export function createLabelLimit(
  valuesMax = VALUES_MAX,
): (metric: string, label: string, value: string) => string {
  const seen = new Map<string, Set<string>>();
  return (metric, label, value) => {
    const place = `${metric} ${label}`;
    const values = seen.get(place) ?? new Set();
    seen.set(place, values);
    if (values.has(value)) return value;
    if (values.size >= valuesMax) return OTHER;
    values.add(value);
    return value;
  };
}
