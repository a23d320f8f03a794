/** The part of the configuration that is about single sign-on. */
import { sampleIn } from './identity/secret.ts';
import { readFileSync } from 'node:fs';

/** A provider of OpenID Connect that people sign in by. */
export interface SignOnConfig {
  /** As the provider names itself, to the letter. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly label: string;
  /** Who is not known yet is made a user with this role for all systems; null: is refused. */
  readonly createRole: string | null;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Over the network, what decides who somebody is must not be readable or changeable on the way. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

/** @param text reads a variable; null where it is not set. @param problems gets a line for each that is not valid. */
export function readSignOn(
  text: (name: string) => string | null,
  problems: string[],
  publicUrl: string | null,
): SignOnConfig | null {
  const issuer = text('PICULUS_OIDC_ISSUER');
  const clientId = text('PICULUS_OIDC_CLIENT_ID');
  const clientSecret = readSecret(text, problems);
  const label = text('PICULUS_OIDC_LABEL') ?? 'Single sign-on';
  const createRole = text('PICULUS_OIDC_CREATE_ROLE');
  if (issuer === null) {
    const left = [clientId, clientSecret, text('PICULUS_OIDC_LABEL'), createRole].some(
      (value) => value !== null,
    );
    if (left) problems.push('PICULUS_OIDC_ISSUER must be set where another PICULUS_OIDC_ variable is');
    return null;
  }
  if (!isSafeAddress(issuer))
    problems.push(
      'PICULUS_OIDC_ISSUER must be an address that begins with https:// (http:// on this machine only)',
    );
  if (clientId === null) problems.push('PICULUS_OIDC_CLIENT_ID must be set beside PICULUS_OIDC_ISSUER');
  if (clientSecret === null)
    problems.push(
      'PICULUS_OIDC_CLIENT_SECRET or PICULUS_OIDC_CLIENT_SECRET_FILE must be set beside PICULUS_OIDC_ISSUER',
    );
  const sample = sampleIn(clientSecret ?? '');
  if (sample !== null) problems.push(`the client secret of PICULUS_OIDC_ISSUER ${sample}`);
  if (label.length > 64) problems.push('PICULUS_OIDC_LABEL takes at most 64 characters');
  if (publicUrl === null)
    problems.push('PICULUS_PUBLIC_URL must be set for single sign-on: the provider sends people back there');
  if (clientId === null || clientSecret === null) return null;
  return { issuer, clientId, clientSecret, label, createRole };
}

function readSecret(text: (name: string) => string | null, problems: string[]): string | null {
  const path = text('PICULUS_OIDC_CLIENT_SECRET_FILE');
  const given = text('PICULUS_OIDC_CLIENT_SECRET');
  if (path === null) return given;
  if (given !== null)
    problems.push('PICULUS_OIDC_CLIENT_SECRET and PICULUS_OIDC_CLIENT_SECRET_FILE exclude each other');
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '') problems.push('PICULUS_OIDC_CLIENT_SECRET_FILE names an empty file');
    return secret;
  } catch {
    problems.push(`PICULUS_OIDC_CLIENT_SECRET_FILE cannot be read: ${path}`);
    return '';
  }
}
