/**
 * What the message log keeps of a body: everything small, of each list its length and its beginning. Facts are
 * left out; they stand with the problem and the execution. So are signatures, which say nothing to a reader.
 */
export function summariseBody(type: string, body: unknown): unknown {
  // Unmasked values are shown to the person who asked and are kept nowhere.
  return type === 'revealed' ? namesOnly(body) : summarise(body);
}

function namesOnly(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('revealId' in body) || !('values' in body)) return null;
  const values: unknown[] = Array.isArray(body.values) ? body.values : [];
  const fields = values.map((value) =>
    typeof value === 'object' && value !== null && 'field' in value ? value.field : null,
  );
  return { revealId: body.revealId, fields };
}

const ITEMS_KEPT = 5;
const DEPTH_KEPT = 4;

function summarise(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return summariseList(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_KEPT) return '…';
  const kept = Object.entries(value).filter(
    ([key]) => key !== 'facts' && key !== 'signature' && key !== 'signatures',
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, summarise(inner, depth + 1)]));
}

function summariseList(list: readonly unknown[], depth: number): unknown {
  const beginning = list.slice(0, ITEMS_KEPT).map((item) => summarise(item, depth + 1));
  return list.length <= ITEMS_KEPT ? beginning : { length: list.length, first: beginning };
}
