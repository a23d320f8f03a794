/** A server does not start on a secret that somebody could guess, and never says what it was. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { secretWeakness } from '../../src/identity/secret.ts';

const GOOD = randomBytes(32).toString('base64url');
const OIDC = {
  PICULUS_OIDC_ISSUER: 'https://login.example.com',
  PICULUS_OIDC_CLIENT_ID: 'piculus',
  PICULUS_PUBLIC_URL: 'https://piculus.example.com',
};

const BAD: readonly [what: string, environment: Record<string, string>][] = [
  ['nothing', ''],
  ['spaces', '    '],
  ['a word', 'secret'],
  ['a short one at random', randomBytes(16).toString('base64url')],
  ['one character', 'x'.repeat(40)],
  ['zeros', '0'.repeat(64)],
  ['two characters in turn', 'ab'.repeat(24)],
  ['three', 'xyz'.repeat(16)],
  ['a word again and again', 'piculus-'.repeat(5)],
  ['something at random, four times', randomBytes(6).toString('base64url').repeat(4)],
  ['half of one, twice', randomBytes(12).toString('base64url').repeat(2)],
  ['the digits', '01234567890123456789012345678901'],
  ['the alphabet', 'abcdefghijklmnopqrstuvwxyzabcdef'],
  ['the alphabet backwards', 'zyxwvutsrqponmlkjihgfedcbazyxwvu'],
  ['the keyboard', 'qwertyuiopasdfghjklzxcvbnm1234567'],
  ['digits at random, but too few', '83719265501984726350918273645510'],
  ['few different characters', 'aabbccddaabbddccbbaaccddabcdabcdbacd'],
  ['changeme', 'changeme-changeme-changeme-12345'],
  ['change_me', 'please-change_me-before-production-1'],
  ['CHANGE-THIS', 'CHANGE-THIS-TO-SOMETHING-RANDOM-XQ'],
  ['your secret here', 'your-very-long-secret-goes-in-here-9'],
  ['replace with', 'replace-with-32-random-characters!!!'],
  ['my secret', 'this-is-my-secret-please-be-nice-42'],
  ['super secret', 'super-secret-for-the-payments-team-1'],
  ['an example', 'an-example-with-plenty-of-length-774'],
  ['a placeholder', 'placeholder_placeholder_XK29vmQ18rt'],
  ['a password', 'Password-for-sessions-K29vmQ18rt-zz'],
  ['the well-known horse', 'correct-horse-battery-staple-K29vmQ'],
  ['deadbeef', 'deadbeef4f1c9a7be3d2850617c4a9be3d'],
  ['one of a test', 'test-KX29vmQ18rtLp03ZsWq7bYd5Nc1Jh6'],
  ['one of development', 'dev-KX29vmQ18rtLp03ZsWq7bYd5Nc1Jh6G'],
].map(([what = '', secret = '']): [string, Record<string, string>] => [what, { PICULUS_SECRET: secret }]);

const BAD_BESIDE: typeof BAD = [
  ['no client secret', OIDC],
  ['an empty client secret', { ...OIDC, PICULUS_OIDC_CLIENT_SECRET: '' }],
  ['a client secret of an example', { ...OIDC, PICULUS_OIDC_CLIENT_SECRET: 'changeme' }],
  ['a file of a client secret that is not there', { ...OIDC, PICULUS_OIDC_CLIENT_SECRET_FILE: '/none' }],
  ['an empty file', { ...OIDC, PICULUS_OIDC_CLIENT_SECRET_FILE: '/dev/null' }],
];

describe('the server refuses to start on', () => {
  it.each([...BAD, ...BAD_BESIDE])('%s', (_what, environment) => {
    const given = Object.entries(environment).filter(([name]) => /SECRET$/.test(name));
    try {
      loadConfig(environment);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems).toHaveLength(1);
      expect(error.message).toMatch(/SECRET|secret/);
      for (const [, secret] of given)
        if (secret.trim().length > 8) expect(error.message).not.toContain(secret);
    }
  });
});

it('starts on what is made at random, in any of the usual ways', () => {
  for (let each = 0; each < 2_000; each += 1) {
    for (const secret of [
      randomBytes(16).toString('hex'),
      randomBytes(32).toString('hex'),
      randomBytes(24).toString('base64'),
      randomBytes(48).toString('base64url'),
    ])
      expect([secret, secretWeakness(secret)]).toEqual([secret, null]);
  }
  expect(loadConfig({ PICULUS_SECRET: GOOD }).secret).toBe(GOOD);
  expect(loadConfig({}).secret).toBeNull();
});
