/**
 * `npm run cluster`: an installation to try out: two nodes on one PostgreSQL, NATS, and a balancer. All that it keeps is
 * in one folder, and the next start goes on with it. `npm run cluster:clients` brings clients to it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBalancer } from './cluster/balancer.mjs';
import { startNats } from './cluster/nats.mjs';
import { clusterFolder, forgetPlaces, readPlaces, tellPlaces } from './cluster/places.mjs';
import { startPostgres } from './cluster/postgres.mjs';
import { PICULUS, startProgram, toldToStop } from './cluster/programs.mjs';
import { say } from './lib.mjs';
import { setup } from './setup.mjs';

const HELP = `npm run cluster -- [options]     two nodes, PostgreSQL, NATS and a balancer

  --folder DIR      what is kept (default: .piculus/cluster in the checkout, as root /var/lib/piculus-cluster)
  --port N          the balancer's port (default 7070); the nodes take the next two, NATS the one after them
  --metrics-port N  of the first node (default 9464); the second takes the next
`;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    port: { type: 'string' },
    'metrics-port': { type: 'string' },
    help: { type: 'boolean' },
  },
});
const whole = (text, otherwise) => (/^[0-9]{1,5}$/.test(text ?? '') ? Number(text) : otherwise);
const port = whole(values.port, 7_070);
const metricsPort = whole(values['metrics-port'], 9_464);
const folder = clusterFolder(values.folder);
const logs = join(folder, 'logs');

/** Closed in reverse. */
const opened = [];
const told = toldToStop();

/** @returns what stands, or null where it could not be brought up or was told to stop meanwhile. */
async function open() {
  const postgres = await startPostgres(folder);
  if (postgres === null) return null;
  opened.push(() => postgres.stop());
  const nats = await startNats({ folder, logs, port: port + 3 });
  if (nats === null) return null;
  opened.push(() => nats.stop());
  const nodes = [
    { name: 'node-a', port: port + 1, metricsPort },
    { name: 'node-b', port: port + 2, metricsPort: metricsPort + 1 },
  ];
  const waiting = new Map();
  const balancer = await startBalancer({
    port,
    nodes,
    changed: (name, isReady) => {
      say(`${name} is ${isReady ? 'ready' : 'not ready'}`);
      if (isReady) waiting.get(name)?.();
    },
  });
  opened.push(() => balancer.close());
  const adminPasswordFile = join(folder, 'nodes', 'admin-password.txt');
  const running = [];
  // One after the other: the first one makes the keys, and the second comes to a database that is in use.
  for (const node of nodes) {
    const ready = new Promise((tell) => waiting.set(node.name, () => tell('ready')));
    const program = startNode(node, { postgres, nats, balancer, adminPasswordFile });
    opened.push(() => program.stop());
    const first = await Promise.race([ready, program.ended, told]);
    if (first !== 'ready') {
      say(`${node.name}: ${first}; its log is in ${logs}`);
      return null;
    }
    program.ended.then((how) => say(`${node.name} ${how}`));
    running.push({ ...node, pid: program.child.pid, ended: program.ended });
  }
  return { postgres, nats, balancer, nodes: running, adminPasswordFile };
}

function startNode(node, { postgres, nats, balancer, adminPasswordFile }) {
  return startProgram({
    name: node.name,
    logs,
    command: process.execPath,
    args: [PICULUS, 'serve'],
    env: {
      PICULUS_DATABASE_URL: postgres.urls.piculus,
      // The secret and the keys are files of one folder, so that both nodes have the same.
      PICULUS_DATA_DIR: join(folder, 'nodes'),
      PICULUS_ADMIN_PASSWORD_FILE: adminPasswordFile,
      PICULUS_HOST: '127.0.0.1',
      PICULUS_PORT: String(node.port),
      PICULUS_PUBLIC_URL: balancer.address,
      PICULUS_DRAIN_MS: '1500',
      PICULUS_METRICS_PORT: String(node.metricsPort),
      PICULUS_NATS_URL: nats.url,
      PICULUS_NATS_NKEY_FILE: nats.serverKeyFile,
    },
  });
}

function greet({ balancer, nats, nodes, adminPasswordFile }) {
  say('');
  say(`console: ${balancer.address}   (user admin, one-time password in ${adminPasswordFile})`);
  for (const node of nodes) {
    const metrics = `http://127.0.0.1:${node.metricsPort}/metrics`;
    say(`${node.name}: http://127.0.0.1:${node.port}   process ${node.pid}   metrics ${metrics}`);
  }
  say(`nats: ${nats.url}   (configuration and keys in ${nats.folder})`);
  say('broken payments, and clients that repair them over NATS: npm run cluster:clients in another terminal');
  say(`to see a node die: kill -9 its process; the logs are in ${logs}`);
  say('Ctrl-C stops everything; the next start goes on');
}

async function main() {
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!(await setup())) return 1;
  mkdirSync(logs, { recursive: true });
  if (readPlaces(folder) !== null) {
    say(`a cluster runs in ${folder} already; stop it first, or choose another --folder and --port`);
    return 1;
  }
  try {
    const cluster = await open();
    if (cluster === null) return 1;
    const { postgres, nats, balancer, nodes, adminPasswordFile } = cluster;
    tellPlaces(folder, {
      pid: process.pid,
      url: balancer.address,
      adminPasswordFile,
      nats: { url: nats.url, folder: nats.folder },
      databases: postgres.urls,
      nodes: nodes.map(({ name, pid, metricsPort: metrics }) => ({ name, pid, metricsPort: metrics })),
    });
    greet(cluster);
    const why = await Promise.race([
      told.then(() => null),
      Promise.all(nodes.map(({ ended }) => ended)).then(() => 'both nodes ended'),
      postgres.ended.then(() => 'PostgreSQL ended'),
    ]);
    if (why !== null) say(why);
    return why === null ? 0 : 1;
  } finally {
    forgetPlaces(folder);
    for (const close of opened.reverse()) await close();
    say('stopped');
  }
}

process.exit(await main());
