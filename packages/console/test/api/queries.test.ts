import { ApiError } from '@piculus/protocol/http';
import { MutationObserver, QueryObserver } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { createQueries, refresh } from '../../src/api/queries.ts';

interface Asked {
  readonly answer: (text: string) => void;
}

/** A read whose answers come when the test says so. */
function follow() {
  const queries = createQueries(() => {});
  const asked: Asked[] = [];
  const seen: string[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of waiting) each();
  };
  const observer = new QueryObserver<string>(queries, {
    queryKey: ['listProblems', {}],
    queryFn: () =>
      new Promise((answer) => {
        asked.push({ answer });
        look();
      }),
  });
  const end = observer.subscribe(({ data }) => {
    if (data !== undefined && data !== seen.at(-1)) seen.push(data);
    look();
  });
  const until = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const each = (): void => {
        if (!isTrue()) return;
        waiting.delete(each);
        resolve();
      };
      waiting.add(each);
      each();
    });
  return {
    queries,
    asked,
    seen,
    until,
    end: () => {
      end();
      queries.clear();
    },
  };
}

it('asks once more when a change came while an answer was on its way', async () => {
  const { queries, asked, seen, until, end } = follow();
  await until(() => asked.length === 1);
  refresh(queries, new Set(['problems']));
  refresh(queries, new Set(['executions']));
  expect(asked.length).toBe(1);
  asked[0]?.answer('as it was before the change');
  await until(() => asked.length === 2);
  asked[1]?.answer('as it is now');
  await until(() => seen.includes('as it is now'));
  expect(seen).toEqual(['as it was before the change', 'as it is now']);
  expect(asked.length).toBe(2);
  end();
});

it('leaves alone what a change is not about', async () => {
  const { queries, asked, seen, until, end } = follow();
  await until(() => asked.length === 1);
  asked[0]?.answer('problems');
  await until(() => seen.length === 1);
  refresh(queries, new Set(['messages']));
  refresh(queries, new Set(['problems']));
  await until(() => asked.length === 2);
  expect(asked.length).toBe(2);
  end();
});

it('tells that nobody is signed in any more, whether it was asked or told to do something', async () => {
  let told = 0;
  const queries = createQueries(() => {
    told += 1;
  });
  const refused = new ApiError({
    code: 'not-signed-in',
    status: 401,
    meaning: { en: 'not signed in', zh: '未登录' },
    detail: 'the session has ended',
    retryable: false,
  });
  const refuse = () => Promise.reject(refused);
  await queries.fetchQuery({ queryKey: ['listUsers', {}], queryFn: refuse }).catch(() => {});
  expect(told).toBe(1);
  await new MutationObserver(queries, { mutationFn: refuse }).mutate().catch(() => {});
  expect(told).toBe(2);
  queries.clear();
});
