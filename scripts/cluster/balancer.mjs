/**
 * A balancer for trying things out: it hands each connection to the ready node that has the fewest. It asks every
 * node whether it is ready, and leaves those alone that are not. For production there are nginx and HAProxy.
 */
import { connect, createServer } from 'node:net';

const ASK_MS = 500;
const ANSWER_MS = 1_000;

/** @param {{ port: number, nodes: readonly { name: string, port: number }[], changed: (name: string, ready: boolean) => void }} options */
export async function startBalancer({ port, nodes, changed }) {
  const all = nodes.map((node) => ({ ...node, ready: false, sockets: new Set() }));
  const server = createServer((socket) => {
    const [node] = all.filter(({ ready }) => ready).sort((a, b) => a.sockets.size - b.sockets.size);
    socket.on('error', () => {});
    if (node === undefined) {
      socket.end(
        'HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
      );
      return;
    }
    const onward = connect(node.port, '127.0.0.1');
    onward.on('error', () => {});
    node.sockets.add(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ]) {
      one.pipe(other);
      one.on('close', () => {
        node.sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const ask = async (node) => {
    const ready = await fetch(`http://127.0.0.1:${node.port}/api/v1/ready`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    }).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.ok;
      },
      () => false,
    );
    if (ready === node.ready) return;
    node.ready = ready;
    changed(node.name, ready);
  };
  const timer = setInterval(() => all.forEach(ask), ASK_MS);
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      clearInterval(timer);
      server.close();
      for (const { sockets } of all) for (const socket of sockets) socket.destroy();
    },
  };
}
