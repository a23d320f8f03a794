/**
 * The key of a command: the same over all retries of one problem, new only when a person reopened it.
 * Each part is percent-encoded, so two different commands can never share a key.
 */
export interface CommandIdentity {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly businessKey: string;
  readonly reopenCount: number;
}

export function commandKey(identity: CommandIdentity): string {
  const { sysCode, fixCode, businessKey, reopenCount } = identity;
  return `cmd/${encoded(sysCode)}/${encoded(fixCode)}/${encoded(businessKey)}/${reopenCount}`;
}

/** Most parts need no encoding, and looking is cheaper. */
const PLAIN = /^[A-Za-z0-9_.!~*'()-]*$/;
const encoded = (part: string): string => (PLAIN.test(part) ? part : encodeURIComponent(part));
