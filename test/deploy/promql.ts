/**
 * Reads expressions of Prometheus as far as names go: which metrics and labels they ask for, which functions they
 * call. Enough to tell a query that can answer from one that names something that is not there.
 */
const FUNCTIONS = new Set(
  'rate increase irate histogram_quantile sum min max avg count topk bottomk vector scalar time abs ceil floor round clamp_min clamp_max delta deriv absent min_over_time max_over_time avg_over_time sum_over_time'.split(
    ' ',
  ),
);
const KEYWORDS = new Set('and or unless bool offset inf nan'.split(' '));
/** Followed by labels in parentheses. */
const LABEL_LISTS = new Set('by without on ignoring group_left group_right'.split(' '));
/** What Prometheus itself adds to every series. */
const ADDED = ['job', 'instance'];

const TOKEN =
  /\s+|"(?:[^"\\]|\\.)*"|\$__rate_interval|\d+(?:\.\d+)?(?:ms|[smhdwy])?|\.\d+|[A-Za-z_:][\w:]*|=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],]/y;

/** @throws Error at a character that belongs to no expression. */
function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < expression.length; ) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(expression)?.[0];
    if (found === undefined) throw new Error(`cannot be read from "${expression.slice(at)}"`);
    if (found.trim() !== '') tokens.push(found);
    at += found.length;
  }
  return tokens;
}

export interface Names {
  /** With the labels that matchers ask of it. */
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** Of `by`, `on` and their kind. */
  readonly grouped: readonly string[];
  readonly functions: readonly string[];
}

/** @throws Error where parentheses do not match, or a character belongs to no expression. */
export function namesOf(expression: string): Names {
  const tokens = tokensOf(expression);
  checkBrackets(tokens);
  const metrics: { name: string; labels: string[] }[] = [];
  const grouped: string[] = [];
  const functions: string[] = [];
  const isName = (token: string | undefined): token is string => /^[A-Za-z_:][\w:]*$/.test(token ?? '');
  /** The names up to the closing bracket. */
  const namesUpTo = (from: number, close: string): { names: string[]; end: number } => {
    const end = tokens.indexOf(close, from);
    const names = tokens
      .slice(from, end)
      .filter((token, index, all) => isName(token) && all[index - 1] !== '=');
    return { names, end };
  };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (!isName(token) || KEYWORDS.has(token.toLowerCase())) continue;
    if (LABEL_LISTS.has(token)) {
      const { names, end } = namesUpTo(at + 2, ')');
      grouped.push(...names);
      at = end;
    } else if (tokens[at + 1] === '(' || LABEL_LISTS.has(tokens[at + 1] ?? '')) functions.push(token);
    else if (tokens[at + 1] === '{') {
      const { names, end } = namesUpTo(at + 2, '}');
      metrics.push({ name: token, labels: names });
      at = end;
    } else metrics.push({ name: token, labels: [] });
  }
  return { metrics, grouped, functions };
}

function checkBrackets(tokens: readonly string[]): void {
  const open: string[] = [];
  const closes: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };
  for (const token of tokens) {
    const close = closes[token];
    if (close !== undefined) open.push(close);
    else if (Object.values(closes).includes(token) && open.pop() !== token)
      throw new Error(`a "${token}" too many`);
  }
  if (open.length > 0) throw new Error(`a "${open.at(-1)}" is missing`);
}

/** The labels of each sample of a scrape, by the sample's name. */
export type Samples = ReadonlyMap<string, ReadonlySet<string>>;

export function samplesOf(scrape: string): Samples {
  const samples = new Map<string, Set<string>>();
  for (const line of scrape.split('\n')) {
    const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? [^ ]+$/.exec(line);
    if (found?.[1] === undefined) continue;
    const labels = samples.get(found[1]) ?? new Set();
    for (const [, label] of (found[2] ?? '').matchAll(/([A-Za-z_]\w*)="(?:[^"\\]|\\.)*"/g)) {
      if (label !== undefined) labels.add(label);
    }
    samples.set(found[1], labels);
  }
  return samples;
}

/** @returns what an expression asks for that no sample has; empty where all of it is there. */
export function missingIn(expression: string, samples: Samples): string[] {
  let names: Names;
  try {
    names = namesOf(expression);
  } catch (error) {
    return [String(error)];
  }
  // `up` is Prometheus's own, of every target.
  const known = new Map<string, ReadonlySet<string>>([...samples, ['up', new Set()]]);
  const missing = names.functions.filter((name) => !FUNCTIONS.has(name)).map((name) => `function ${name}`);
  const all = new Set(ADDED);
  for (const { name, labels } of names.metrics) {
    const has = known.get(name);
    if (has === undefined) missing.push(`metric ${name}`);
    for (const label of has ?? []) all.add(label);
    for (const label of labels) {
      if (has !== undefined && !has.has(label) && !ADDED.includes(label))
        missing.push(`label ${label} of ${name}`);
    }
  }
  for (const label of names.grouped) if (!all.has(label)) missing.push(`label ${label}`);
  return missing;
}
