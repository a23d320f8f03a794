import { expect, it } from 'vitest';
import zh from '../../src/locales/zh-CN/index.ts';
import { auditQuery, KNOWN_ACTS, knownAct } from '../../src/pages/audit/audit-query.ts';

it('has words for exactly the acts that it offers', () => {
  expect([...KNOWN_ACTS].sort()).toEqual(Object.keys(zh.audit.acts).sort());
  expect([knownAct('run'), knownAct('of another build')]).toEqual(['run', null]);
});

it('takes from the address what the server knows, and any act', () => {
  expect(auditQuery({})).toEqual({});
  expect(auditQuery({ act: 'run,new-act,', via: 'token,carrier-pigeon', actor: 'a', from: 't' })).toEqual({
    act: ['run', 'new-act'],
    via: ['token'],
    actor: 'a',
    from: 't',
  });
});
