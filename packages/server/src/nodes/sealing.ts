/**
 * What nodes tell each other rests in the database for a minute, and some of it are values that are stored nowhere. So
 * it is sealed with the server's secret, and bound to who sends what to whom.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

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

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createMailSealing(secret: string, clock: Pick<Clock, 'bytes'>): MailSealing {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'piculus node mail', 32));
  const bound = ({ from, to, kind }: MailAddress): Buffer => Buffer.from(JSON.stringify([from, to, kind]));
  return {
    seal(address, body) {
      const nonce = clock.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound(address));
      const text = Buffer.concat([cipher.update(JSON.stringify(body), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    unseal(address, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound(address));
      decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([
        decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      return JSON.parse(text.toString('utf8'));
    },
  };
}

/** Tells two secrets apart without telling anything of either. */
export function secretPrint(secret: string): string {
  return createHmac('sha256', secret).update('piculus node').digest('hex').slice(0, 16);
}
