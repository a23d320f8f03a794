/** People with accounts of their own, made as an administrator makes them. */
import { type ApiClient, type GrantedUser, type RoleGrant, signInFirst } from '@piculus/protocol/http';

export interface NewPerson {
  readonly username: string;
  readonly name?: string;
  /** The one that they choose at their first sign-in. */
  readonly password: string;
  /** All that can be done, where it is not said. */
  readonly grants?: readonly RoleGrant[];
}

const EVERYTHING: readonly RoleGrant[] = [{ role: 'administrator', sysCode: null }];

/** Makes a user and lets them choose their password. @returns who it is, and their session's token. */
export async function createPerson(
  api: ApiClient,
  baseUrl: string,
  { username, name = username, password, grants = EVERYTHING }: NewPerson,
): Promise<{ readonly user: GrantedUser; readonly token: string }> {
  const oneTimePassword = `once: ${[...password].reverse().join('')}`;
  const user = await api.createUser({
    body: { username, name, password: oneTimePassword, grants: [...grants] },
  });
  const { token } = await signInFirst({ baseUrl }, { username, oneTimePassword, password });
  return { user, token };
}
