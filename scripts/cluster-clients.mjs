/**
 * `npm run cluster:clients`: what a cluster is there for: a production system with broken payments, its bank, and two
 * clients that come to the nodes of `npm run cluster` by NATS. It ends before the cluster does.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clusterFolder, readPlaces } from './cluster/places.mjs';
import { startProgram, toldToStop } from './cluster/programs.mjs';
import { ROOT, say } from './lib.mjs';

const HELP = `npm run cluster:clients -- [options]     broken payments for \`npm run cluster\`, and two clients that repair them over NATS

  --folder DIR   of the cluster (default: as the cluster's)
  --orders N     how many orders to make at the first start (default 2000)
  --anomalies N  of each kind of broken one (default 20)
`;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    orders: { type: 'string' },
    anomalies: { type: 'string' },
    help: { type: 'boolean' },
  },
});

async function main() {
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const folder = clusterFolder(values.folder);
  const cluster = readPlaces(folder);
  if (cluster === null) {
    say(`no cluster runs in ${folder}: start one by \`npm run cluster\` in another terminal`);
    return 1;
  }
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const told = toldToStop();
  const { databases, nats } = cluster;
  const optional = ['orders', 'anomalies'].filter((name) => values[name] !== undefined);
  const example = startProgram({
    name: 'clients',
    logs,
    command: process.execPath,
    args: [
      join(ROOT, 'examples', 'pbap', 'dist', 'main.js'),
      '--folder',
      join(folder, 'clients'),
      ...optional.flatMap((name) => [`--${name}`, values[name]]),
    ],
    env: {
      PICULUS_SERVER_URL: cluster.url,
      PICULUS_ADMIN_PASSWORD_FILE: cluster.adminPasswordFile,
      PICULUS_NATS_URL: nats.url,
      PICULUS_NATS_FOLDER: nats.folder,
      PBAP_DATABASE_URL: databases.pbap,
      BANK_DATABASE_URL: databases.bank,
    },
    onLine: (line) => say(line),
  });
  const how = await Promise.race([told.then(() => null), example.ended]);
  await example.stop();
  if (how !== null) say(`the clients ${how}; their logs are in ${join(folder, 'clients', 'logs')}`);
  else say('stopped');
  return how === null ? 0 : 1;
}

process.exit(await main());
