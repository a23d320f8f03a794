/**
 * The keys of effects. Those that book equal the keys of the normal path, so that a late callback and a repair
 * collide on one unique constraint. Injective over kind and order: only the last part of a key with two parts
 * varies freely, and a version has no colon.
 */
import type { Booking } from '../facts.ts';

export const creditKey = (orderNo: string): string => `credit:${orderNo}`;
export const reserveKey = (orderNo: string, booking: Booking): string =>
  booking === 'staged' ? `hold:${orderNo}` : `debit:${orderNo}`;
/** Settle and release share this key, so that they exclude each other. */
export const resolveKey = (holdId: string): string => `resolve:${holdId}`;
export const reversalKey = (postingId: string): string => `reversal:${postingId}`;
export const payoutKey = (requestNo: string): string => `payout:${requestNo}`;
export const closeKey = (requestNo: string): string => `close:${requestNo}`;
/** The version makes the same change of status at two times two effects. */
export const statusKey = (orderNo: string, version: number): string => `status:${orderNo}:${version}`;
