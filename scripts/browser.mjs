/**
 * A Chromium for the tests: the one that CHROMIUM_PATH names, or one of this machine, or, on Debian as root, one
 * that is installed first, with a font that has Chinese characters. `node scripts/browser.mjs` prints its path.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capture, run, say } from './lib.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const CHINESE_FONT = 'fonts-noto-cjk';

/** @returns the path of a Chromium, or null after saying in one line how to get one. */
export async function browserForTests() {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') {
    if (existsSync(given)) return given;
    say(`CHROMIUM_PATH names ${given}, and nothing is there`);
    return null;
  }
  const wanted = [
    ...(findChromium() === null ? ['chromium'] : []),
    ...((await hasChineseFont()) ? [] : [CHINESE_FONT]),
  ];
  if (wanted.length > 0) await installOnDebian(wanted);
  const path = findChromium();
  if (path === null)
    say('the tests need Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM_PATH');
  return path;
}

/** @returns the path of the first Chromium or Chrome of this machine, or null. */
export function findChromium({ env = process.env, platform = process.platform } = {}) {
  return candidates(env, platform).find((path) => existsSync(path)) ?? null;
}

function candidates(env, platform) {
  const ending = platform === 'win32' ? '.exe' : '';
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, `${name}${ending}`)));
  return [...onPath, ...usualPlaces(env, platform)];
}

function usualPlaces(env, platform) {
  if (platform === 'darwin') {
    return ['/Applications', join(env.HOME ?? '', 'Applications')].flatMap((folder) => [
      join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
      join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
    ]);
  }
  if (platform === 'win32') {
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
      .filter((folder) => folder !== undefined && folder !== '')
      .flatMap((folder) => [
        join(folder, 'Chromium', 'Application', 'chrome.exe'),
        join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      ]);
  }
  return [
    '/usr/bin/chromium',
    '/usr/lib/chromium/chromium',
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
  ];
}

/** Where nobody can tell, the fonts of the system are taken to be complete. */
async function hasChineseFont() {
  if (process.platform !== 'linux') return true;
  const { code, output } = await capture('fc-list', [':lang=zh']);
  // Without fontconfig there is no browser either, whose package brings it along.
  return code === 0 && output.trim() !== '';
}

async function installOnDebian(packages) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    if (packages.includes(CHINESE_FONT)) say(`no font with Chinese characters was found (${CHINESE_FONT})`);
    return;
  }
  say(`installing ${packages.join(' and ')} for the tests`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if ((await run('apt-get', ['update', '-qq'], { env })) !== 0) return;
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = await browserForTests();
  if (path === null) process.exitCode = 1;
  else process.stdout.write(`${path}\n`);
}
