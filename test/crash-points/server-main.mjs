// A server as `piculus serve` starts it, which ends itself by SIGKILL at the place that it is told.
import { createServer, loadConfig } from '../../packages/server/dist/index.js';
import { begin, deadlyPlaces } from './deadly-places.mjs';

void main();

async function main() {
  const steps = deadlyPlaces();
  await begin();
  const server = await createServer(loadConfig(), { steps, signInsPerMinute: 10_000 });
  await server.start();
  await server.ready();
  process.send({ ready: { address: server.address, firstPassword: server.firstPassword } });
}
