// Runs a program that was put into one file, as if it stood where it came from: `run-one-file.cjs FILE CAME-FROM`. What
// the engine makes of it is kept beside it for the next start.
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { constants, Script } = require('node:vm');

const [file = '', cameFrom = ''] = process.argv.slice(2);
const kept = `${file}.made`;
const known = existsSync(kept);
const script = new Script(
  `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`,
  {
    filename: cameFrom,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(known ? { cachedData: readFileSync(kept) } : {}),
  },
);
const module_ = { exports: {} };
if (!known) keepWhenReady();
script.runInThisContext()(module_.exports, createRequire(cameFrom), module_, cameFrom, dirname(cameFrom));

/** Only what has run is in it, and a start is over when the program says so. */
function keepWhenReady() {
  const send = process.send.bind(process);
  process.send = (said) => {
    if ('ready' in said) keep();
    return send(said);
  };
}

function keep() {
  const draft = `${kept}.${process.pid}`;
  writeFileSync(draft, script.createCachedData());
  renameSync(draft, kept);
}
