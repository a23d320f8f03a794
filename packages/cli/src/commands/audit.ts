/** The audit: whether its chain still holds. */
import { readFile } from 'node:fs/promises';
import type { ChainFault, ChainReport } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import type { Registration } from '../registration.ts';
import { serverConfig, type ServerFlags } from './serve.ts';

interface VerifyOptions extends ServerFlags {
  readonly checkpoints?: string;
  readonly key?: string[];
  readonly remote?: boolean;
}

export function addAudit({ program, act }: Registration): void {
  const audit = program.command('audit').description('what people and policies did, and proof of it');
  audit
    .command('verify')
    .description('go through the whole chain over acts, reports and executions, and find what was changed')
    .option('--checkpoints <file>', 'checkpoints that were kept elsewhere (PICULUS_AUDIT_CHECKPOINT_FILE)')
    .option('--database-url <url>', 'PostgreSQL (PICULUS_DATABASE_URL); reading is enough')
    .option(
      '--data-dir <folder>',
      'folder of the embedded database and of the key (PICULUS_DATA_DIR, ./.piculus)',
    )
    .option('--key <base64>', 'a key that signed checkpoints, once more for each', collectKeys)
    .option('--remote', 'ask the server at --url to do it, instead of reading the database from here')
    .action(act(async (context, command) => verify(context, command.opts<VerifyOptions>())));
}

function collectKeys(value: string, before: readonly string[] | undefined): string[] {
  if (Buffer.from(value, 'base64').length !== 32) throw usageError('a key is 32 bytes in base64');
  return [...(before ?? []), value];
}

async function verify(context: CliContext, options: VerifyOptions): Promise<ExitCode> {
  const checkpoints = options.checkpoints === undefined ? null : await textOf(options.checkpoints);
  const { readCheckpointLines, verifyAudit } = await import('@piculus/server');
  const report =
    options.remote === true
      ? await (await context.api()).verifyAudit({
          body: { checkpoints: checkpoints === null ? [] : readCheckpointLines(checkpoints).slice(-1_000) },
        })
      : await verifyAudit(await serverConfig(context.world.environment, options), {
          checkpoints,
          keys: (options.key ?? []).map((key) => Buffer.from(key, 'base64')),
        });
  context.out.result(report, () => inWords(report));
  return report.ok ? EXIT.ok : EXIT.failure;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw usageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function inWords(report: ChainReport): string {
  const { blocks, rows, lastBlock, checkpointsStored, checkpointsGiven } = report;
  const extent = `${rows} rows in ${blocks} blocks${lastBlock === null ? '' : `, the last made at ${lastBlock.madeAt}`}`;
  const against = `${checkpointsStored} checkpoints of the database, ${checkpointsGiven} kept elsewhere`;
  const lines = [extent, against];
  if (checkpointsGiven === 0) {
    lines.push('without checkpoints kept elsewhere, a chain that was rewritten as a whole would pass');
  }
  if (report.ok) return [...lines, 'the chain holds'].join('\n');
  const faults = report.faults.map((fault) => `  ${WORDS[fault.kind](fault)}`);
  return [...lines, 'THE CHAIN DOES NOT HOLD', ...faults, ...(report.more ? ['  and more'] : [])].join('\n');
}

const row = ({ source, id, block }: ChainFault): string =>
  `${source ?? ''} ${id ?? ''}${block === null ? '' : ` of block ${block}`}`;

const WORDS: Readonly<Record<ChainFault['kind'], (fault: ChainFault) => string>> = {
  'row-changed': (fault) => `changed: ${row(fault)}`,
  'row-missing': (fault) => `gone: ${row(fault)}`,
  'row-added': (fault) => `added later: ${row(fault)}`,
  'block-changed': ({ block }) => `block ${block} is not what its hash says`,
  'block-missing': ({ block }) => `block ${block} is gone`,
  'chain-broken': ({ block }) => `block ${block} does not follow the one before it`,
  'chain-shorter': ({ block }) => `block ${block} was signed and is gone: the end of the chain was cut off`,
  'chain-rewritten': ({ block }) => `block ${block} is another one than was signed`,
  'checkpoint-forged': ({ block }) => `the checkpoint of block ${block} was not signed by a known key`,
  'format-unknown': ({ block }) => `block ${block} was made by a newer build`,
};
