/** Four eyes: requests for a second person, and the policy that says what needs one. */
import { readFile } from 'node:fs/promises';
import {
  type Approval,
  APPROVAL_MODES,
  APPROVAL_TABS,
  approvalCommandSchema,
  type ApprovalPolicy,
  approvalRulesSchema,
} from '@piculus/protocol/http';
import { Option } from 'commander';
import type { z } from 'zod';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

interface Reasoned {
  readonly reason: string;
}

export function addApprovals({ program, act }: Registration): void {
  const approvals = program
    .command('approvals')
    .description('what waits for a second person, and what became of it');
  approvals
    .command('list')
    .description('requests, newest first')
    .addOption(new Option('--tab <which>', 'which of them').choices(APPROVAL_TABS).default('to-decide'))
    .action(
      act(async (context, command) => {
        const { tab } = command.opts<{ tab: (typeof APPROVAL_TABS)[number] }>();
        const { items } = await (await context.api()).listApprovals({ query: { tab, limit: 200 } });
        context.out.result({ items }, () => tableOf(items, COLUMNS, 'there is none'));
        return EXIT.ok;
      }),
    );
  approvals
    .command('show')
    .description('one request: what exactly would be done, why it needs two, who asks')
    .argument('<id>')
    .action(act(async (context, command) => show(context, await get(context, command.args[0]))));
  approvals
    .command('request')
    .description('ask a second person; the file holds the command as JSON, as docs/approvals.md shows')
    .requiredOption('--command <file>', 'the command')
    .requiredOption('--reason <text>', 'why it should be done')
    .action(
      act(async (context, command) => {
        const { command: file, reason } = command.opts<Reasoned & { command: string }>();
        const asked = await readAs(approvalCommandSchema, file);
        return show(
          context,
          await (await context.api()).createApproval({ body: { command: asked, reason } }),
        );
      }),
    );
  approvals
    .command('approve')
    .description('agree, which carries it out; look at it first with "approvals show"')
    .argument('<id>')
    .requiredOption('--hash <hash>', 'as "approvals show" tells it: you agree to exactly that')
    .requiredOption('--reason <text>', 'why you agree')
    .action(
      act(async (context, command) => {
        const { hash, reason } = command.opts<Reasoned & { hash: string }>();
        const id = command.args[0] ?? '';
        const done = await (await context.api()).approve({ params: { id }, body: { hash, reason } });
        await show(context, done);
        return done.state === 'approved' ? EXIT.ok : EXIT.refused;
      }),
    );
  for (const [name, description] of [
    ['reject', 'say no'],
    ['withdraw', 'take your own request back'],
  ] as const)
    approvals
      .command(name)
      .description(description)
      .argument('<id>')
      .requiredOption('--reason <text>', 'why')
      .action(
        act(async (context, command) => {
          const { reason } = command.opts<Reasoned>();
          const api = await context.api();
          const given = { params: { id: command.args[0] ?? '' }, body: { reason } };
          return show(
            context,
            name === 'reject' ? await api.reject(given) : await api.withdrawApproval(given),
          );
        }),
      );
}

async function get(context: CliContext, id = ''): Promise<Approval> {
  return (await context.api()).getApproval({ params: { id } });
}

function show(context: CliContext, one: Approval): ExitCode {
  context.out.result(one, () =>
    [
      `${one.id}  ${one.kind}  ${one.state}`,
      `asked by ${one.requestedBy} at ${one.requestedAt}: ${one.reason}`,
      ...one.needs.map(({ text }) => `needs two: ${text.en}`),
      `problems: ${one.preview.problems}  ${amountsOf(one)}`.trim(),
      ...one.preview.changes.map(
        ({ what, field, from, to }) => `${what} ${field}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`,
      ),
      `command: ${JSON.stringify(one.command)}`,
      ...(one.decidedBy === null ? [] : [`${one.state} by ${one.decidedBy}: ${one.decisionReason ?? ''}`]),
      `expires: ${one.expiresAt}`,
      `hash: ${one.hash}`,
    ].join('\n'),
  );
  return EXIT.ok;
}

const amountsOf = ({ preview }: Approval): string =>
  preview.amounts.map(({ currency, amountMinor }) => `${amountMinor} ${currency} (minor units)`).join(', ');

const COLUMNS: readonly Column<Approval>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'what', value: ({ kind }) => kind },
  { title: 'state', value: ({ state }) => state },
  { title: 'systems', value: ({ sysCodes }) => sysCodes.join(',') },
  { title: 'problems', value: ({ preview }) => String(preview.problems), align: 'right' },
  { title: 'asked by', value: ({ requestedBy }) => requestedBy },
  { title: 'at', value: ({ requestedAt }) => requestedAt },
  { title: 'reason', value: ({ reason }) => reason },
];

// The policy --------------------------------------------------------------------------------------------------------

export function addPolicy({ program, act }: Registration): void {
  const policy = program.command('policy').description('what needs a second person');
  policy
    .command('show')
    .description('the policy as it is now')
    .action(
      act(async (context) => tell(context, await (await context.api()).getApprovalPolicy(), 'the policy')),
    );
  policy
    .command('set')
    .description('choose the policy; where rules hold, this needs a second person itself')
    .argument('<mode>', APPROVAL_MODES.join(', '))
    .option('--rules <file>', 'the rules of "own" as JSON, as "policy show --json" prints them')
    .requiredOption('--reason <text>', 'why')
    .action(
      act(async (context, command) => {
        const { rules, reason } = command.opts<Reasoned & { rules?: string }>();
        const mode = APPROVAL_MODES.find((one) => one === command.args[0]);
        if (mode === undefined)
          throw usageError(`there is no mode "${command.args[0]}"`, [APPROVAL_MODES.join(', ')]);
        const given = rules === undefined ? null : await readAs(approvalRulesSchema, rules);
        return change(context, { mode, ...(given === null ? {} : { rules: given }) }, reason);
      }),
    );
  policy
    .command('single-person')
    .description('you work alone: from now on nothing needs a second person; --off ends that')
    .option('--off', 'two people again')
    .requiredOption('--reason <text>', 'why; it stands in the audit')
    .action(
      act(async (context, command) => {
        const { off = false, reason } = command.opts<Reasoned & { off?: boolean }>();
        return change(context, { singlePerson: !off }, reason);
      }),
    );
}

async function change(
  context: CliContext,
  fields: Partial<Pick<ApprovalPolicy, 'mode' | 'singlePerson' | 'rules'>>,
  reason: string,
): Promise<ExitCode> {
  const api = await context.api();
  const { version, mode, singlePerson, rules } = await api.getApprovalPolicy();
  const body = { version, mode, singlePerson, rules, ...fields, reason };
  return tell(context, await api.setApprovalPolicy({ body }), 'the policy is now');
}

function tell(context: CliContext, policy: ApprovalPolicy, words: string): ExitCode {
  context.out.result(policy, () => {
    const alone = policy.singlePerson ? ', single person: nothing needs a second one' : '';
    return `${words}: ${policy.mode}${alone} (version ${policy.version}, by ${policy.changedBy}: ${policy.reason})`;
  });
  return EXIT.ok;
}

async function readAs<T extends z.ZodType>(schema: T, file: string): Promise<z.infer<T>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usageError(`cannot read ${file}`, [String(error)]);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(`${file} is not valid JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw usageError(
    `${file} is not valid`,
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  );
}
