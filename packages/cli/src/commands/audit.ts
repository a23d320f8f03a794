/** The audit: whether its chain still holds. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CaseFile, caseFileSchema, type ChainFault, type ChainReport } from '@piculus/protocol/http';
import type { CaseLanguage } from '@piculus/server';
import { Option } from 'commander';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode, usageError } from '../exit-codes.ts';
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
  audit
    .command('case')
    .description('everything about one problem with proof of it: as JSON, as a page for printing, or both')
    .argument('<id>', 'number of the problem')
    .option('--out <file>', 'where the JSON goes; stdout where neither file is given')
    .option('--html <file>', 'where the page goes, with its style beside it')
    .addOption(new Option('--language <language>', 'of the page').choices(['en', 'zh-CN']).default('en'))
    .action(
      act(async (context, command) => takeCase(context, command.args[0] ?? '', command.opts<CaseOptions>())),
    );
  audit
    .command('check')
    .description('check the proof of a case file, without any server')
    .argument('<file>', 'the JSON of a case file')
    .option('--key <base64>', 'the key that signs checkpoints, once more for each', collectKeys)
    .action(
      act(async (context, command) =>
        check(context, command.args[0] ?? '', command.opts<{ key?: string[] }>().key),
      ),
    );
}

interface CaseOptions {
  readonly out?: string;
  readonly html?: string;
  readonly language: CaseLanguage;
}

/** Everything about one problem, as JSON, as a page for printing, or both. */
async function takeCase(context: CliContext, id: string, options: CaseOptions): Promise<ExitCode> {
  const file = await (await context.api()).getCaseFile({ params: { id } });
  if (options.html !== undefined) await writePage(options.html, file, options.language);
  if (options.out !== undefined) await write(options.out, `${JSON.stringify(file, null, 2)}\n`);
  const written = [options.out, options.html].filter((path) => path !== undefined);
  if (written.length === 0) context.out.result(file, () => JSON.stringify(file, null, 2));
  else context.out.result({ written }, () => `written: ${written.join(', ')}`);
  return EXIT.ok;
}

async function writePage(path: string, file: CaseFile, language: CaseLanguage): Promise<void> {
  const { CASE_STYLE, renderCaseFile } = await import('@piculus/server');
  await write(path, renderCaseFile(file, language, 'case-file.css'));
  await write(join(dirname(path), 'case-file.css'), CASE_STYLE);
}

async function write(path: string, content: string): Promise<void> {
  try {
    // It tells of one person's payment.
    await writeFile(path, content, { mode: 0o600 });
  } catch (error) {
    throw usageError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whether a case file still is what the server made, without any server. */
async function check(
  context: CliContext,
  path: string,
  keys: readonly string[] | undefined,
): Promise<ExitCode> {
  const file = caseFileSchema.safeParse(parsed(await textOf(path)));
  if (!file.success) throw new CliError(EXIT.failure, 'no-case-file', `${path} is no case file`);
  const { checkCaseFile } = await import('@piculus/server');
  const result = checkCaseFile(file.data, keys?.map((key) => Buffer.from(key, 'base64')) ?? null);
  context.out.result(result, () =>
    [
      `${result.proven} rows are proven by a signed checkpoint, ${result.unproven} were not covered by one yet`,
      ...(keys === undefined ? ['without --key any key may have signed it'] : []),
      result.ok ? 'the proof holds' : 'THE PROOF DOES NOT HOLD',
      ...result.faults.map((fault) => `  ${fault}`),
    ].join('\n'),
  );
  return result.ok ? EXIT.ok : EXIT.failure;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
