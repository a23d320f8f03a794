/** Whatever somebody was told to be done is in the databases. */
import type { Testimony } from '../witness.ts';
import type { Check, Reader, Sources } from './sources.ts';

type Of<K extends Testimony['kind']> = Extract<Testimony, { kind: K }>;

function told<K extends Testimony['kind']>({ testimonies }: Sources, kind: K): Of<K>[] {
  return testimonies.filter((one): one is Of<K> => one.kind === kind);
}

async function known(reader: Reader, statement: string): Promise<Set<string>> {
  const { rows } = await reader.query<{ key: string }>(statement);
  return new Set(rows.map(({ key }) => key));
}

const missing = (wanted: readonly string[], stored: ReadonlySet<string>, what: string): string[] =>
  wanted.filter((key) => !stored.has(key)).map((key) => `${what} ${key} is not stored`);

const reports: Check = {
  name: 'every report that was acknowledged is stored',
  when: 'safety',
  run: async (sources) => {
    const stored = await known(
      sources.piculus,
      `select sys_code || ' ' || fix_code || ' ' || business_key as key from piculus.problems`,
    );
    const wanted = told(sources, 'report').flatMap(({ sysCode, problems }) =>
      problems.map(({ fixCode, businessKey }) => `${sysCode} ${fixCode} ${businessKey}`),
    );
    return { looked: wanted.length, wrong: missing(wanted, stored, 'the problem') };
  },
};

const results: Check = {
  name: 'every result that was acknowledged is an execution',
  when: 'safety',
  run: async (sources) => {
    const stored = await known(
      sources.piculus,
      `select lease_id || ' ' || problem_id as key from piculus.executions`,
    );
    const wanted = told(sources, 'result').flatMap(({ leaseId, problemIds }) =>
      problemIds.map((id) => `${leaseId} ${id}`),
    );
    return { looked: wanted.length, wrong: missing(wanted, stored, 'the result') };
  },
};

const clicks: Check = {
  name: 'every click that was accepted is in the audit',
  when: 'safety',
  run: async (sources) => {
    const stored = await known(
      sources.piculus,
      `select problem_id::text as key from piculus.audit where act = 'run' and problem_id is not null`,
    );
    const wanted = told(sources, 'click').map(({ problemId }) => problemId);
    return { looked: wanted.length, wrong: missing(wanted, stored, 'the click on problem') };
  },
};

const collections: Check = {
  name: 'every collect that was started is there',
  when: 'safety',
  run: async (sources) => {
    const stored = await known(sources.piculus, 'select id::text as key from piculus.collections');
    const wanted = told(sources, 'collection').map(({ id }) => id);
    return { looked: wanted.length, wrong: missing(wanted, stored, 'the collection') };
  },
};

const orders: Check = {
  name: 'every order that the front door took is there',
  when: 'safety',
  run: async (sources) => {
    const wrong: string[] = [];
    const wanted = told(sources, 'order');
    for (const { sysCode, own } of sources.systems) {
      const stored = await known(own, 'select order_no as key from pbap.orders');
      const mine = wanted.filter((one) => one.sysCode === sysCode).map(({ orderNo }) => orderNo);
      wrong.push(...missing(mine, stored, `${sysCode}: the order`));
    }
    return { looked: wanted.length, wrong };
  },
};

export const WITNESS_CHECKS = [reports, results, clicks, collections, orders];
