/** The routes of requests for a second person, and of the policy that says what needs one. */
import { z } from 'zod';
import { everywhere, somewhere, there } from '../../access.ts';
import {
  APPROVAL_STATES,
  APPROVAL_TABS,
  approvalCommandSchema,
  approvalNeedSchema,
  approvalPolicyInputSchema,
  approvalPolicySchema,
  approvalSchema,
} from '../approvals.ts';
import { idParams, many, page, pageQuery, reason, route } from './parts.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const APPROVAL_ROUTES = {
  listApprovals: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/approvals',
    tag: 'approvals',
    summary: 'Requests for a second person, newest first: those to decide, the own ones, or all',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      tab: z.enum(APPROVAL_TABS).default('history'),
      state: many(z.enum(APPROVAL_STATES)),
    }),
    response: page(approvalSchema),
  }),
  previewApprovalNeed: route({
    // What it asks for is decided with the command in hand.
    access: somewhere('view'),
    method: 'POST',
    path: '/approvals/need',
    tag: 'approvals',
    summary: 'Whether this would need a second person, and why; nothing is written',
    status: 200,
    body: z.strictObject({ command: approvalCommandSchema }),
    response: z.object({ needs: z.array(approvalNeedSchema) }),
  }),
  createApproval: route({
    access: somewhere('view'),
    method: 'POST',
    path: '/approvals',
    tag: 'approvals',
    summary: 'Ask a second person to approve what one person may not do alone',
    status: 201,
    body: z.strictObject({ command: approvalCommandSchema, reason }),
    response: approvalSchema,
  }),
  getApproval: route({
    access: there('view'),
    method: 'GET',
    path: '/approvals/:id',
    tag: 'approvals',
    summary: 'One request with its preview',
    status: 200,
    params: idParams,
    response: approvalSchema,
  }),
  approve: route({
    access: there('approve'),
    method: 'POST',
    path: '/approvals/:id/approve',
    tag: 'approvals',
    summary: 'Agree, which carries it out; where something changed meanwhile the answer is `void`',
    status: 200,
    params: idParams,
    /** The hash of what the approver has seen. */
    body: z.strictObject({ hash, reason }),
    response: approvalSchema,
  }),
  reject: route({
    access: there('approve'),
    method: 'POST',
    path: '/approvals/:id/reject',
    tag: 'approvals',
    summary: 'Say no, with a reason',
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: approvalSchema,
  }),
  withdrawApproval: route({
    // Only by who asked for it.
    access: there('view'),
    method: 'POST',
    path: '/approvals/:id/withdraw',
    tag: 'approvals',
    summary: "Take one's own request back",
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: approvalSchema,
  }),
  getApprovalPolicy: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/approval-policy',
    tag: 'approvals',
    summary: 'What needs a second person',
    status: 200,
    response: approvalPolicySchema,
  }),
  setApprovalPolicy: route({
    access: everywhere('administer'),
    method: 'PUT',
    path: '/approval-policy',
    tag: 'approvals',
    summary: 'Change what needs a second person; under rules that hold, this needs one itself',
    status: 200,
    body: z.strictObject({ ...approvalPolicyInputSchema.shape, reason }),
    response: approvalPolicySchema,
  }),
} as const;
