/** NATS as a second way for clients: what its server needs, and whether it can be used. */
import { resolve } from 'node:path';
import { EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import type { CliContext } from '../context.ts';
import { list } from '../options.ts';
import type { Registration } from '../registration.ts';
import { serverConfig } from './serve.ts';

interface ConfigFlags {
  readonly folder: string;
  readonly systems: readonly string[];
  readonly listen: string;
  readonly store?: string;
  readonly passwords?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly plaintext?: boolean;
}

const SYSTEM = /^[A-Z][A-Z0-9_-]{0,31}$/;
const LISTEN = /^(?:\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/;
const THIS_MACHINE = /^(?:localhost|127\.[0-9.]+|\[::1\]):/;

export function addNats({ program, act }: Registration): void {
  const nats = program.command('nats').description('NATS as a second way for clients to come in');
  nats
    .command('config')
    .description('write the configuration of a nats-server: one user for the servers, one for each system')
    .requiredOption('--systems <codes>', 'codes of the systems, separated by commas', list)
    .option('--folder <folder>', 'where to write; users that are there already are kept', './nats')
    .option('--listen <address>', 'where nats-server listens', '127.0.0.1:4222')
    .option('--store <folder>', 'where nats-server keeps its own notes (store in the folder)')
    .option('--passwords', 'passwords in place of NKeys')
    .option('--tls-cert <file>', 'certificate of nats-server, as PEM')
    .option('--tls-key <file>', 'its private key, as PEM')
    .option('--plaintext', 'allow an address outside of this machine without TLS')
    .action(act(async (context, command) => writeConfig(context, command.opts<ConfigFlags>())));
  nats
    .command('check')
    .description('whether the NATS of the PICULUS_NATS_ variables can be used')
    .action(
      act(async (context) => {
        const config = await serverConfig(context.world.environment);
        if (config.nats === null) throw usageError('PICULUS_NATS_URL is not set');
        const { checkNats } = await import('@piculus/server');
        const report = await checkNats(config.nats);
        context.out.result(report, () =>
          [
            `nats-server ${report.version} can be used`,
            `largest payload: ${report.payloadBytesMax} bytes`,
            `encrypted: ${report.encrypted ? 'yes' : 'no'}`,
            `memory reserved by streams: ${report.memoryBytesReserved} bytes`,
          ].join('\n'),
        );
        return EXIT.ok;
      }),
    );
}

async function writeConfig(context: CliContext, flags: ConfigFlags): Promise<ExitCode> {
  const { systems, listen, tlsCert, tlsKey } = flags;
  const wrong = systems.find((code) => !SYSTEM.test(code));
  if (wrong !== undefined) throw usageError(`"${wrong}" is not the code of a system`);
  if (!LISTEN.test(listen)) throw usageError('--listen: expected HOST:PORT, for instance 127.0.0.1:4222');
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw usageError('--tls-cert and --tls-key need each other');
  if (tlsCert === undefined && flags.plaintext !== true && !THIS_MACHINE.test(listen))
    throw usageError('outside of this machine --tls-cert and --tls-key are needed, or --plaintext');
  const { writeNatsConfig } = await import('@piculus/server');
  const written = await writeNatsConfig({
    folder: flags.folder,
    storeDir: flags.store ?? null,
    systems: [...new Set(systems)],
    listen,
    passwords: flags.passwords === true,
    tls:
      tlsCert === undefined || tlsKey === undefined
        ? null
        : { certFile: resolve(tlsCert), keyFile: resolve(tlsKey) },
  });
  context.out.result(written, () =>
    [
      `${written.configFile}   (nats-server -c ${written.configFile})`,
      ...written.users.map(({ file, made }) => `${file}   ${made ? 'made' : 'kept'}`),
    ].join('\n'),
  );
  return EXIT.ok;
}
