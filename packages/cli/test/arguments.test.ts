/** What is refused before any server is asked, and how it is said. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit-codes.ts';
import { type Home, makeHome } from './support/world.ts';

/** Nothing listens here: whoever gets as far as asking is told `unreachable` or `not-signed-in`. */
const NOWHERE = 'http://127.0.0.1:9';
let home: Home;
let signedIn: Home;
beforeAll(async () => {
  home = await makeHome();
  signedIn = await makeHome({ PICULUS_TOKEN: 'token', PICULUS_URL: NOWHERE });
  await writeFile(
    join(home.folder, 'bad.yaml'),
    'solutions:\n  - sysCode: pbap\n    fixCode: interRechargeFixServiceImpl\n    maxRetries: "5"\n',
  );
  await writeFile(
    join(home.folder, 'twice.yaml'),
    '- {sysCode: A, fixCode: x}\n- {sysCode: A, fixCode: x}\n',
  );
  await writeFile(join(home.folder, 'broken.yaml'), 'solutions: [\n');
});
afterAll(async () => {
  await home.remove();
  await signedIn.remove();
});

describe('bad usage', () => {
  it.each<[string[], RegExp]>([
    [['nonsense'], /unknown command 'nonsense'/],
    [['collct'], /Did you mean collect/],
    [['problem'], /missing required argument 'id'/],
    [['problem', '1', '2'], /too many arguments/],
    [['problems', '--limit', '0'], /whole number from 1 to 500/],
    [['problems', '--limit', '5x'], /whole number/],
    [['problems', '--state', 'broken'], /--state: /],
    [['problems', '--amount-from', '1.5'], /--amount-from: /],
    [['problems', '--first-seen-from', 'yesterday'], /how long ago: 90m, 12h, 3d/],
    [['problems', '--occurred-from', '2026-11-20T08:00:00'], /a time with its offset/],
    [['problems', '--system', ','], /one or more values/],
    [['problems', '--nonsense'], /unknown option '--nonsense'/],
    [['collect', '--timeout', '-1'], /whole number/],
    [['fix'], /give ids of problems, or --matching/],
    [['fix', '1', '--matching', '--scenario', 'C1', '--reason', 'x'], /ids or --matching, not both/],
    [['fix', '--matching', '--reason', 'x'], /needs at least one filter/],
    [['fix', '--matching', '--scenario', 'C1'], /needs --reason/],
    [['fix', '1', '--scenario', 'C1'], /counts only with --matching/],
    [['systems', 'list', '--url', 'ftp://x'], /an http or https address/],
    [['serve', '--port', '70000'], /whole number from 0 to 65535/],
    [['solutions', 'import', '/no/such/file.yaml'], /cannot be read/],
  ])('%j', async (argv, words) => {
    const { exitCode, stdout, stderr } = await signedIn.run(argv);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(exitCode).toBe(EXIT.usage);
  });

  it('is told as one JSON value with --json', async () => {
    const { exitCode, stdout } = await home.run(['problems', '--limit', '0', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad-usage', exitCode: EXIT.usage } });
    expect(exitCode).toBe(EXIT.usage);
  });

  it('names every row and field of a file that is not valid', async () => {
    const bad = await signedIn.run(['solutions', 'import', join(home.folder, 'bad.yaml')]);
    expect(bad.stderr).toMatch(/row 1: sysCode: .*\n.*row 1: maxRetries: /);
    expect(bad.exitCode).toBe(EXIT.usage);
    const twice = await signedIn.run(['solutions', 'import', join(home.folder, 'twice.yaml')]);
    expect(twice.stderr).toMatch(/row 2: A\/x stands in row 1 already/);
    const broken = await signedIn.run(['solutions', 'import', join(home.folder, 'broken.yaml')]);
    expect(broken.stderr).toMatch(/not valid YAML\n.*line 2/);
  });

  it('names every variable of a configuration that is not valid', async () => {
    const { exitCode, stderr } = await home.run(['migrate'], {
      environment: { PICULUS_PORT: 'x', PICULUS_LOG_LEVEL: 'loud' },
    });
    expect(stderr).toMatch(/PICULUS_LOG_LEVEL.*\n.*PICULUS_PORT|PICULUS_PORT.*\n.*PICULUS_LOG_LEVEL/);
    expect(exitCode).toBe(EXIT.usage);
  });
});

describe('without a server', () => {
  it('asks to sign in before it asks the server', async () => {
    const { exitCode, stderr } = await home.run(['problems', '--url', NOWHERE]);
    expect(stderr).toContain(`piculus login --url ${NOWHERE}`);
    expect(exitCode).toBe(EXIT.notSignedIn);
  });

  it('says that nothing answers', async () => {
    const { exitCode, stdout } = await signedIn.run(['problems', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unreachable' } });
    expect(exitCode).toBe(EXIT.unreachable);
  });

  it('shows help of every command, and the version', async () => {
    for (const argv of [['--help'], ['fix', '--help'], ['solutions', 'import', '--help'], ['--version']]) {
      const { exitCode, stdout } = await home.run(argv);
      expect(stdout).not.toBe('');
      expect(exitCode).toBe(EXIT.ok);
    }
    expect((await home.run([])).exitCode).toBe(EXIT.usage);
  });
});
