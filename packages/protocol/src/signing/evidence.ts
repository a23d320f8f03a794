/** The hash of what a problem was reported with, to which each command for it is bound. */
import { hash } from 'node:crypto';
import type { Facts, SideFacts } from '../messages/index.ts';
import { canonicalJson } from './canonical.ts';

/** SHA-256 over the facts in their one spelling, in hexadecimal digits. */
export function evidenceHash(facts: Facts): string {
  return hash('sha256', orderedFacts(facts) ?? canonicalJson(facts), 'hex');
}

/** An object lists names like these where it wants, or takes them for its prototype. */
const UNRULY = /^(?:[0-9]|__proto__$)/;
const SIDES = 3;

/**
 * What `canonicalJson` gives, in a quarter of its time: the members of facts are known, so they are put in order by hand
 * and written in one go. Each command that is handed out needs it.
 * @returns null where that cannot be done with these.
 */
function orderedFacts(facts: Facts): string | null {
  if (Object.keys(facts).length !== SIDES) return null;
  const bank = orderedSide(facts.bank);
  const ledger = orderedSide(facts.ledger);
  const order = orderedSide(facts.order);
  return bank && ledger && order && JSON.stringify({ bank, ledger, order });
}

function orderedSide({ fields, observedAt, source, state }: SideFacts): SideFacts | null {
  const ordered: SideFacts['fields'] = {};
  for (const name of Object.keys(fields).sort()) {
    if (UNRULY.test(name)) return null;
    ordered[name] = fields[name] ?? null;
  }
  return { fields: ordered, observedAt, source, state };
}
