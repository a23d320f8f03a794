// The demo's production system as its own program starts it, without a client, which ends itself by SIGKILL at the place
// that it is told: around what it commits, by the statements that it sends, and around its calls of the bank.
import { appendFileSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { readPbapConfig } from '../../examples/pbap/dist/pbap/config.js';
import { startPbap } from '../../examples/pbap/dist/pbap/start.js';
import { systemClock } from '../../examples/pbap/dist/shared/clock.js';
import { begin, deadlyPlaces } from './deadly-places.mjs';

const { STARTS_FILE, SENT_FILE } = process.env;
const steps = deadlyPlaces();
/** So long after it took a number the sender takes it for cut off, and a little more. */
const CUT_MS = 31_000;

/** What a transaction is called by what it writes. */
const WRITES = [
  [/insert into pbap\.outbox/, 'queued'],
  [/update pbap\.outbox set state = 'sending'/, 'sending'],
  [/update pbap\.orders set status/, 'finished'],
];
const ANSWERED = /update pbap\.outbox set answer/;
/** By connection, while it is in a transaction. */
const written = new WeakMap();

/** @returns what this statement completes, or null. */
function completes(connection, words) {
  if (words.startsWith('begin')) written.set(connection, null);
  else if (!written.has(connection)) return ANSWERED.test(words) ? 'sent' : null;
  else if (words === 'commit' || words === 'rollback') {
    const place = written.get(connection);
    written.delete(connection);
    return words === 'commit' ? place : null;
  } else {
    const write = WRITES.find(([pattern]) => pattern.test(words));
    if (write !== undefined) written.set(connection, write[1]);
  }
  return null;
}

const plainQuery = pg.Client.prototype.query;
pg.Client.prototype.query = function query(...given) {
  const place = typeof given[0] === 'string' ? completes(this, given[0]) : null;
  if (place === null) return plainQuery.apply(this, given);
  steps.at(`before ${place}`);
  const callback = given.at(-1);
  if (typeof callback !== 'function')
    return plainQuery.apply(this, given).then((result) => {
      steps.at(`after ${place}`);
      return result;
    });
  given[given.length - 1] = (...answer) => {
    steps.at(`after ${place}`);
    callback(...answer);
  };
  return plainQuery.apply(this, given);
};

const plainFetch = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  if (options?.method !== 'POST' || !String(url).endsWith('/requests')) return plainFetch(url, options);
  await steps.at('before bank call');
  appendFileSync(SENT_FILE, `${JSON.parse(options.body).requestNo}\n`);
  const response = await plainFetch(url, options);
  await steps.at('after bank call');
  return response;
};

void main();

async function main() {
  await begin();
  appendFileSync(STARTS_FILE, '.');
  const aheadMs = readFileSync(STARTS_FILE, 'utf8').length * CUT_MS;
  const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };
  const { url } = await startPbap(readPbapConfig(process.env), { clock });
  process.send({ ready: { url } });
}
