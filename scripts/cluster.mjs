/**
 * `npm run cluster`: two nodes on one PostgreSQL behind a balancer, with a bank and a production system whose two
 * clients come in by the balancer. All that it keeps is in one folder, and the next start goes on with it.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBalancer } from './cluster/balancer.mjs';
import { startPostgres } from './cluster/postgres.mjs';
import { ROOT, say } from './lib.mjs';
import { setup } from './setup.mjs';

const HELP = `npm run cluster -- [options]     two nodes, PostgreSQL, a balancer, and the demo's bank and clients

  --folder DIR   what is kept (default: .piculus/cluster in the checkout, as root /var/lib/piculus-cluster)
  --port N       the balancer's port (default 7070); the nodes take the next two, their metrics 9464 and 9465
  --orders N     how many orders to make at the first start (default 2000)
  --anomalies N  of each kind of broken one (default 20)
`;
const METRICS_PORT = 9_464;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    port: { type: 'string' },
    orders: { type: 'string' },
    anomalies: { type: 'string' },
    'metrics-port': { type: 'string' },
    help: { type: 'boolean' },
  },
});
const whole = (text, otherwise) => (/^[0-9]{1,5}$/.test(text ?? '') ? Number(text) : otherwise);
const port = whole(values.port, 7_070);
const metricsPort = whole(values['metrics-port'], METRICS_PORT);
const isRoot = process.getuid?.() === 0;
const folder = resolve(
  process.env.INIT_CWD ?? process.cwd(),
  // The database's own user must be able to reach it, and would not in the home of root.
  values.folder ?? (isRoot ? '/var/lib/piculus-cluster' : join(ROOT, '.piculus', 'cluster')),
);

/** Closed in reverse. */
const opened = [];
let stopping = null;
const told = new Promise((tell) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tell(signal));
});

/** Starts a program in a group of its own, so that Ctrl-C reaches this one alone, which stops all in order. */
function start(name, script, args, env, onLine) {
  const log = createWriteStream(join(folder, 'logs', `${name}.log`), { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const ended = new Promise((done) => child.once('close', done));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      log.write(text);
      for (const line of text.split('\n')) if (line !== '') onLine?.(line);
    });
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { child, ended, stop };
}

async function open() {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const postgres = await startPostgres(folder);
  if (postgres === null) return null;
  opened.push(() => postgres.stop());
  const nodes = [
    { name: 'node-a', port: port + 1, metricsPort },
    { name: 'node-b', port: port + 2, metricsPort: metricsPort + 1 },
  ];
  const ready = new Map();
  const balancer = await startBalancer({
    port,
    nodes,
    changed: (name, isReady) => {
      ready.get(name)?.(isReady);
      say(`${name} is ${isReady ? 'ready' : 'not ready'}`);
    },
  });
  opened.push(() => balancer.close());
  // The keys and the secret are files of one folder, so that both nodes have the same.
  const shared = { PICULUS_PUBLIC_URL: balancer.address, PICULUS_DRAIN_MS: '1500' };
  const bReady = new Promise((tell) => ready.set('node-b', tell));
  const aReady = new Promise((tell) => ready.set('node-a', tell));
  const greeting = new Promise((tell) => {
    const demo = start(
      'demo',
      'examples/pbap/dist/main.js',
      demoArguments(nodes[0].port),
      {
        ...shared,
        PICULUS_METRICS_PORT: String(nodes[0].metricsPort),
        PICULUS_DATABASE_URL: postgres.urls.piculus,
        PBAP_DATABASE_URL: postgres.urls.pbap,
        BANK_DATABASE_URL: postgres.urls.bank,
        PICULUS_CLIENT_URL: balancer.address,
      },
      (line) => {
        say(`  ${line}`);
        if (line.startsWith('ready: ')) tell(demo);
      },
    );
    demo.ended.then(() => tell(null));
    opened.push(() => demo.stop());
  });
  await Promise.race([aReady, greeting, told]);
  // The second one comes once the first has made the keys, and it comes to a database that is in use.
  const second = start('node-b', 'packages/cli/bin/piculus.js', ['serve'], {
    ...shared,
    PICULUS_DATABASE_URL: postgres.urls.piculus,
    PICULUS_DATA_DIR: join(folder, 'demo'),
    PICULUS_PORT: String(nodes[1].port),
    PICULUS_METRICS_PORT: String(nodes[1].metricsPort),
  });
  opened.push(() => second.stop());
  const demo = await Promise.race([greeting, told.then(() => null)]);
  await Promise.race([bReady, told, second.ended]);
  return demo === null ? null : { balancer, nodes, demo, second, postgres };
}

function demoArguments(nodePort) {
  return [
    '--folder',
    join(folder, 'demo'),
    '--port',
    String(nodePort),
    ...(values.orders === undefined ? [] : ['--orders', values.orders]),
    ...(values.anomalies === undefined ? [] : ['--anomalies', values.anomalies]),
  ];
}

function close() {
  stopping ??= (async () => {
    for (const step of opened.reverse()) await step();
  })();
  return stopping;
}

async function main() {
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!(await setup())) return 1;
  try {
    const cluster = await open();
    if (cluster === null) return 1;
    const { balancer, nodes, demo, second, postgres } = cluster;
    say('');
    say(`cluster: ${balancer.address}   (password of admin: ${join(folder, 'demo', 'admin-password.txt')})`);
    for (const node of nodes)
      say(
        `${node.name}: http://127.0.0.1:${node.port}   metrics http://127.0.0.1:${node.metricsPort}/metrics`,
      );
    say(`to see one die: kill -9 ${second.child.pid} is node-b; the logs are in ${join(folder, 'logs')}`);
    say('Ctrl-C stops everything; the next start goes on');
    const why = await Promise.race([
      told.then(() => null),
      demo.ended.then(() => 'the demo ended'),
      postgres.ended.then(() => 'PostgreSQL ended'),
    ]);
    if (why !== null) say(why);
    return why === null ? 0 : 1;
  } finally {
    await close();
    say('stopped');
  }
}

process.exit(await main());
