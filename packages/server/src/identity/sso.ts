/**
 * Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce, by the sign-in library. Which
 * person that is, and where the browser goes afterwards, is decided here: people are matched by their user name and
 * are bound to the provider's identity at the first time; the browser goes nowhere but to the console.
 */
import { PiculusError } from '@piculus/protocol';
import { SIGN_ON_FAILURES, type SignOnFailure } from '@piculus/protocol/http';
import { betterAuth } from 'better-auth';
import { genericOAuth } from 'better-auth/plugins/generic-oauth';
import { z } from 'zod';
import { writeAudit } from '../audit/audit.ts';
import { policyCaller } from '../base/access.ts';
import type { Context, Users } from '../base/services.ts';
import { isSafeAddress, type SignOnConfig } from '../config-sign-on.ts';
import { transaction } from '../store/pool.ts';
import {
  clearOneTimePassword,
  selectIdentityOf,
  selectIdentityOwner,
  SIGN_ON_PROVIDER,
} from '../store/sign-on.ts';
import { selectUserByName } from '../store/users.ts';
import { AUTH_PREFIX, type AuthOptions, authOptions } from './auth.ts';
import { randomPassword } from './passwords.ts';
import type { Origin } from './session-acts.ts';

export const SIGN_ON_START = '/single-sign-on';
export const SIGN_ON_CALLBACK = `/callback/${SIGN_ON_PROVIDER}`;

const DISCOVERY_MS = 5_000;
/** The provider is asked twice while a person waits. */
const CALLBACK_MS = 15_000;

export interface SignOn {
  readonly label: string;
  /** Sends a browser to the provider. */
  start(request: Request): Promise<Response>;
  /** Answers a browser that comes back. */
  finish(request: Request, origin: Origin): Promise<Response>;
}

export interface SignOnParts {
  readonly auth: AuthOptions;
  readonly config: SignOnConfig;
  /** The user name of who sent these headers. */
  readonly whoIs: (headers: Headers) => Promise<string | null>;
  /** Makes somebody whom the provider knows. @throws PiculusError where the role does not exist. */
  readonly create: (person: { username: string; name: string; role: string }) => Promise<void>;
}

/** Why nobody is signed in; `username` where it is one of ours. */
class SignOnRefusal extends Error {
  readonly failure: SignOnFailure;
  readonly username: string | null;

  constructor(failure: SignOnFailure, username: string | null = null) {
    super(failure);
    this.failure = failure;
    this.username = username;
  }
}

export function createSignOn(context: Pick<Context, 'db' | 'clock' | 'log'>, parts: SignOnParts): SignOn {
  const { db, clock, log } = context;
  const { config } = parts;
  const publicUrl = parts.auth.publicUrl ?? '';

  /** @returns the person's place among our users. @throws SignOnRefusal */
  async function findUser(
    profile: Readonly<Record<string, unknown>>,
  ): Promise<{ email: string; name: string }> {
    const claims = claimsSchema.safeParse(profile);
    if (!claims.success) throw new SignOnRefusal('unknown-user');
    const { preferred_username: username, name = username, sub } = claims.data;
    let user = await selectUserByName(db, username);
    if (user === undefined && config.createRole !== null) {
      await parts.create({ username, name, role: config.createRole });
      user = await selectUserByName(db, username);
    }
    if (user === undefined) throw new SignOnRefusal('unknown-user');
    if (user.banned) throw new SignOnRefusal('disabled-user', username);
    // A name that somebody else got at the provider later must not bring them into this account.
    const identity = identityOf(config, sub);
    const [bound, owner] = await Promise.all([
      selectIdentityOf(db, user.id),
      selectIdentityOwner(db, identity),
    ]);
    if ((bound !== null && bound !== identity) || (owner !== null && owner !== user.id))
      throw new SignOnRefusal('other-identity', username);
    return { email: user.email, name: user.name };
  }

  const make = (discoveryUrl: string) => {
    const options = authOptions(parts.auth);
    return betterAuth({
      ...options,
      account: {
        ...options.account,
        // Nothing is asked of the provider later, so nothing of it is kept.
        updateAccountOnSignIn: false,
        accountLinking: { enabled: true, trustedProviders: [SIGN_ON_PROVIDER] },
      },
      databaseHooks: {
        account: {
          create: { before: async (account) => ({ data: { ...account, ...NO_PROVIDER_TOKENS } }) },
        },
      },
      plugins: [
        ...options.plugins,
        genericOAuth({
          config: [
            {
              providerId: SIGN_ON_PROVIDER,
              discoveryUrl,
              requireIdTokenVerification: true,
              clientId: config.clientId,
              clientSecret: config.clientSecret,
              scopes: ['openid', 'profile'],
              pkce: true,
              disableSignUp: true,
              accountSubject: ({ profile }) => identityOf(config, String(profile.sub ?? '')),
              mapProfileToUser: async (profile) => ({ ...(await findUser(profile)), emailVerified: true }),
            },
          ],
        }),
      ],
    });
  };
  let auth: ReturnType<typeof make> | null = null;

  /** Asked for by hand first: the library waits for a provider for as long as it likes, and takes any issuer. */
  async function ready(): Promise<ReturnType<typeof make>> {
    if (auth !== null) return auth;
    const url = `${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document: unknown = await fetch(url, {
      signal: AbortSignal.timeout(DISCOVERY_MS),
      redirect: 'error',
    })
      .then((response) => response.json())
      .catch((error: unknown) => {
        log.warn({ err: error, url }, 'the provider of single sign-on does not answer');
        throw new SignOnRefusal('provider-away');
      });
    const read = discoverySchema.safeParse(document);
    if (!read.success || read.data.issuer !== config.issuer) {
      log.error({ url }, 'the provider of single sign-on is not the issuer that is configured');
      throw new SignOnRefusal('provider-away');
    }
    auth = make(url);
    return auth;
  }

  async function begin(request: Request): Promise<Response> {
    const library = await ready();
    const response = await library.handler(
      new Request(`${publicUrl}${AUTH_PREFIX}/sign-in/social`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          origin: new URL(publicUrl).origin,
          'user-agent': request.headers.get('user-agent') ?? '',
        },
        body: JSON.stringify({
          provider: SIGN_ON_PROVIDER,
          callbackURL: '/',
          errorCallbackURL: '/',
          disableRedirect: true,
        }),
      }),
    );
    const started = startedSchema.safeParse(await response.json());
    if (!response.ok || !started.success) throw new SignOnRefusal('provider-away');
    return redirect(started.data.url, response.headers.getSetCookie());
  }

  /** @returns the cookies of the session. @throws SignOnRefusal */
  async function complete(request: Request): Promise<readonly string[]> {
    const library = await ready();
    const waited = new AbortController();
    const late = clock.sleep(CALLBACK_MS, waited.signal).then((): Response => {
      throw new SignOnRefusal('provider-away');
    });
    late.catch(() => {});
    const asked = library.handler(request);
    asked.catch(() => {});
    const response = await Promise.race([asked, late]).finally(() => waited.abort());
    const location = new URL(response.headers.get('location') ?? '/?error=none', publicUrl);
    const error = location.searchParams.get('error');
    if (response.status !== 302 || error !== null) {
      log.warn({ error }, 'a single sign-on was refused');
      throw new SignOnRefusal(error === 'unable_to_get_user_info' ? 'not-verified' : 'refused');
    }
    return response.headers.getSetCookie();
  }

  async function tell(origin: Origin, username: string | null, failure: SignOnFailure | null): Promise<void> {
    await transaction(db, (tx) =>
      writeAudit(tx, {
        at: clock.now(),
        actor: username ?? 'unknown',
        act: failure === null ? 'sign-in' : 'sign-in-refused',
        target: username === null ? null : `user:${username}`,
        detail: { by: 'single-sign-on', ...(failure === null ? {} : { failure }) },
        via: username === null ? null : 'session',
        ...origin,
      }),
    );
  }

  return {
    label: config.label,
    async start(request) {
      try {
        return await begin(request);
      } catch (error) {
        if (!(error instanceof SignOnRefusal)) throw error;
        return redirect(failurePath(error.failure), []);
      }
    },
    async finish(request, origin) {
      try {
        const cookies = await complete(request);
        const username = await parts.whoIs(headersOf(cookies));
        if (username === null) throw new SignOnRefusal('refused');
        await tell(origin, username, null);
        return redirect('/', cookies);
      } catch (error) {
        if (!(error instanceof SignOnRefusal)) throw error;
        await tell(origin, error.username, error.failure);
        return redirect(failurePath(error.failure), []);
      }
    },
  };
}

/** Makes somebody whom only the provider knows so far. @throws SignOnRefusal where they cannot be made. */
export async function createSignedOnUser(
  { db, clock, log }: Pick<Context, 'db' | 'clock' | 'log'>,
  users: Pick<Users, 'create'>,
  { username, name, role }: { readonly username: string; readonly name: string; readonly role: string },
): Promise<void> {
  try {
    const user = await users.create(
      { username, name, password: randomPassword(clock), grants: [{ role, sysCode: null }] },
      policyCaller('policy:single-sign-on'),
    );
    // Nobody knows that password, so nobody could change it.
    await transaction(db, (tx) => clearOneTimePassword(tx, user.id));
  } catch (error) {
    if (!(error instanceof PiculusError) || error.code === 'database-away') throw error;
    // The other one of two sign-ins at once was first.
    if (error.code === 'already-exists') return;
    log.error({ err: error, role }, 'somebody could not be made a user: look at PICULUS_OIDC_CREATE_ROLE');
    throw new SignOnRefusal('unknown-user');
  }
}

const NO_PROVIDER_TOKENS = {
  accessToken: null,
  refreshToken: null,
  idToken: null,
  accessTokenExpiresAt: null,
  refreshTokenExpiresAt: null,
};

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  preferred_username: z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9._-]{3,32}$/),
  name: z.string().trim().min(1).max(128).optional(),
});

const endpoint = z.string().refine(isSafeAddress);
const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  userinfo_endpoint: endpoint.optional(),
});
const startedSchema = z.object({ url: endpoint });

/** The same name at another provider is another identity. */
function identityOf({ issuer }: SignOnConfig, sub: string): string {
  if (sub === '') throw new PiculusError('internal', 'the provider named nobody');
  return `${issuer} ${sub}`;
}

function failurePath(failure: SignOnFailure): string {
  const known = SIGN_ON_FAILURES.find((each) => each === failure) ?? 'refused';
  return `/?sign-in=${known}`;
}

function redirect(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 302, headers });
}

/** The cookies as the browser will send them. */
function headersOf(cookies: readonly string[]): Headers {
  return new Headers({ cookie: cookies.map((cookie) => cookie.split(';', 1)[0] ?? '').join('; ') });
}
