/**
 * What nodes tell each other rests in the database for a minute, and some of it are values that are stored nowhere. So
 * it is sealed with the server's secret, and bound to who sends what to whom.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { openJson, sealingKey, sealJson } from '../base/sealed.ts';

export interface MailAddress {
  readonly from: string;
  /** Null: to all others. */
  readonly to: string | null;
  readonly kind: string;
}

export interface MailSealing {
  seal(address: MailAddress, body: unknown): Buffer;
  /** @throws Error where it was sealed by another secret or for another address, or is broken. */
  unseal(address: MailAddress, sealed: Buffer): unknown;
}

export function createMailSealing(secret: string, clock: Pick<Clock, 'bytes'>): MailSealing {
  const key = sealingKey(secret, 'piculus node mail');
  const bound = ({ from, to, kind }: MailAddress): Buffer => Buffer.from(JSON.stringify([from, to, kind]));
  return {
    seal: (address, body) => sealJson(key, clock, body, bound(address)),
    unseal: (address, sealed) => openJson(key, sealed, bound(address)),
  };
}

/** Tells two secrets apart without telling anything of either. */
export function secretPrint(secret: string): string {
  return createHmac('sha256', secret).update('piculus node').digest('hex').slice(0, 16);
}
