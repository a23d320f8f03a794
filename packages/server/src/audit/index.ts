/** The audit as its readers see it: acts, how far the chain has come, and whether it still holds. */
import { PiculusError } from '@piculus/protocol';
import {
  type AuditEntry,
  type CaseFile,
  type ChainReport,
  chainReportSchema,
  type ChainStatus,
  type RouteBody,
  type RouteQuery,
} from '@piculus/protocol/http';
import type { Caller } from '../base/access.ts';
import { afterId, pageOf } from '../base/paging.ts';
import type { Context, Page } from '../base/services.ts';
import { lastAct, type ListedAct, listActs } from '../store/audit-list.ts';
import { readCovered, readHighestIds, readLastBlock, readLastCheckpoint } from '../store/chain.ts';
import { transaction } from '../store/pool.ts';
import { isAppendOnly } from '../store/rights.ts';
import { writeAudit } from './audit.ts';
import { type CaseParts, makeCaseFile } from './case-file.ts';
import { fromLine } from './checkpoint-lines.ts';
import { SOURCES } from './encoding.ts';
import { verifyChain } from './verify.ts';

export interface Audit {
  list(query: RouteQuery<'listAudit'>, caller: Caller): Promise<Page<AuditEntry>>;
  chain(): Promise<ChainStatus>;
  /** @throws PiculusError `not-found` where the caller may not view the problem. */
  caseFile(problemId: string, caller: Caller): Promise<CaseFile>;
  /** Kept as an act with what was found. @throws PiculusError `busy` while another one is under way. */
  verify(input: RouteBody<'verifyAudit'>, caller: Caller): Promise<ChainReport>;
}

export interface AuditOptions extends CaseParts {
  /** The key that this server signs checkpoints with, 32 raw bytes. */
  readonly publicKey: Buffer;
  readonly exportedTo: ChainStatus['exportedTo'];
}

const VERIFICATION = 'verify-audit';

export function createAudit(context: Context, options: AuditOptions): Audit {
  const { publicKey, exportedTo } = options;
  const { clock, db } = context;
  let verifying = false;
  return {
    async list({ limit, after, ...filter }, caller) {
      const page = { scope: caller.scope('administer'), before: afterId(after), limit: limit + 1 };
      const { items, next } = pageOf(await listActs(db, filter, page), limit);
      return { items: items.map(asEntry), next };
    },
    async chain() {
      const [last, checkpoint, verification] = await Promise.all([
        readLastBlock(db),
        readLastCheckpoint(db),
        lastAct(db, VERIFICATION),
      ]);
      const report = chainReportSchema.safeParse(verification?.after);
      return {
        lastBlock:
          last === null
            ? null
            : { number: last.number, hash: last.hash.toString('hex'), madeAt: last.madeAt.toISOString() },
        lastCheckpoint:
          checkpoint === null
            ? null
            : {
                block: checkpoint.block,
                signedAt: checkpoint.signedAt.toISOString(),
                publicKey: checkpoint.publicKey.toString('base64'),
              },
        publicKey: publicKey.toString('base64'),
        waiting: await waitingRows(context),
        exportedTo,
        appendOnly: await isAppendOnly(db),
        lastVerification:
          verification !== null && report.success ? { ...report.data, actor: verification.actor } : null,
      };
    },
    caseFile: (problemId, caller) => makeCaseFile(context, options, problemId, caller),
    async verify({ checkpoints }, { actor }) {
      if (verifying) throw new PiculusError('busy', 'the chain is being verified already');
      verifying = true;
      try {
        const given = checkpoints.map(fromLine);
        // Who kept checkpoints elsewhere trusts the keys that they name, also those of before a key was lost.
        const trustedKeys = [publicKey, ...given.map((one) => one.publicKey)];
        const report = await verifyChain(db, { at: clock.now(), given, trustedKeys });
        await transaction(db, (tx) =>
          writeAudit(tx, { at: clock.now(), actor, act: VERIFICATION, target: 'audit', after: report }),
        );
        if (!report.ok) context.log.error({ faults: report.faults }, 'the chain of the audit does not hold');
        context.events.publish({ topic: 'audit', sysCode: null, ids: [], more: false });
        return report;
      } finally {
        verifying = false;
      }
    },
  };
}

/** By ids, so that nothing is counted; ids that were never used make it too many. */
async function waitingRows({ db }: Context): Promise<string> {
  const [heads, covered] = [await readHighestIds(db), await readCovered(db)];
  return SOURCES.reduce(
    (sum, source) => sum + BigInt(heads[source]) - BigInt(covered[source]),
    0n,
  ).toString();
}

const asEntry = (act: ListedAct): AuditEntry => ({ ...act, at: act.at.toISOString() });
