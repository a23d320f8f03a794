/** Which proxies in front of the server are believed. */
import { isIP } from 'node:net';

/**
 * @param value addresses and networks with commas between.
 * @returns them, and what is wrong with each that is none.
 */
export function readProxies(
  name: string,
  value: string | null,
): { readonly proxies: readonly string[]; readonly problems: readonly string[] } {
  const proxies = (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const problems = proxies
    .filter((proxy) => !isNetwork(proxy))
    .map(
      (proxy) => `${name} must name addresses or networks, such as 10.0.0.5 or 10.0.0.0/8, not "${proxy}"`,
    );
  return { proxies, problems };
}

/** An address, or one with the length of its prefix. A network of everybody would let anybody choose an address. */
function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  return /^[0-9]{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= (family === 4 ? 32 : 128);
}
