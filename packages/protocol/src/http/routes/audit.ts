/** The routes of the audit: acts, and the chain that covers them. */
import { z } from 'zod';
import { everywhere, somewhere, there } from '../../access.ts';
import { rowIdSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import * as a from '../audit.ts';
import { idParams, many, page, pageQuery, route } from './parts.ts';

export const AUDIT_ROUTES = {
  listAudit: route({
    access: somewhere('administer'),
    method: 'GET',
    path: '/audit',
    tag: 'audit',
    summary:
      'What people and policies did, newest first; acts that belong to no system for those who administer all',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      actor: z.string().max(128).optional(),
      act: many(z.string().max(64)),
      via: many(z.enum(a.VIAS)),
      address: z.string().max(64).optional(),
      sysCode: sysCodeSchema.optional(),
      problemId: rowIdSchema.optional(),
      target: z.string().max(128).optional(),
      requestId: z.string().max(64).optional(),
      from: timeSchema.optional(),
      to: timeSchema.optional(),
    }),
    response: page(a.auditEntrySchema),
  }),
  getAuditChain: route({
    access: everywhere('administer'),
    method: 'GET',
    path: '/audit/chain',
    tag: 'audit',
    summary: 'How far the chain over acts, reports and executions has come',
    status: 200,
    response: a.chainStatusSchema,
  }),
  verifyAudit: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/audit/verify',
    tag: 'audit',
    summary:
      'Go through the whole chain and find what was changed; against checkpoints that were kept elsewhere',
    status: 200,
    body: z.strictObject({ checkpoints: z.array(a.checkpointSchema).max(1_000).default([]) }),
    response: a.chainReportSchema,
  }),
  getCaseFile: route({
    access: there('view'),
    method: 'GET',
    path: '/problems/:id/case-file',
    tag: 'audit',
    summary: 'Everything about one problem with proof of it; kept as an act',
    status: 200,
    params: idParams,
    response: a.caseFileSchema,
  }),
} as const;
