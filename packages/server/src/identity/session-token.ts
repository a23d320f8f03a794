/**
 * Finds the session of a request without the sign-in library, which asks twice for what one statement tells. It knows
 * the one plain form in which the library gives tokens out; whatever else comes is left to the library.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The token and, base64-encoded, its HMAC-SHA-256 under the installation's secret. */
const SIGNED = /^([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9+/]{43}=)$/;
const BEARER = /^Bearer (\S+)$/i;

/** @returns null where only the library can say what it is: no token, another form of one, or a wrong signature. */
export function readSessionToken(
  headers: Headers,
  options: { secret: string; cookie: string },
): string | null {
  const authorization = headers.get('authorization');
  const given =
    authorization === null
      ? onlyCookie(headers.get('cookie') ?? '', options.cookie)
      : (BEARER.exec(authorization)?.[1] ?? null);
  const [, token, signature] = SIGNED.exec(decoded(given ?? '')) ?? [];
  if (token === undefined || signature === undefined) return null;
  const own = createHmac('sha256', options.secret).update(token).digest();
  const told = Buffer.from(signature, 'base64');
  return told.length === own.length && timingSafeEqual(told, own) ? token : null;
}

/** @returns null where it is there more than once, too. */
function onlyCookie(header: string, name: string): string | null {
  const found = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`));
  const [only] = found;
  return only === undefined || found.length > 1 ? null : only.slice(name.length + 1);
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
