/**
 * Sign-in by better-auth, on our tables. Only the few paths that Piculus needs are reachable; users are
 * managed through the API alone, so that every act on them is audited.
 */
import { betterAuth } from 'better-auth';
// One by one: all plugins together hold the start of every server back.
import { admin } from 'better-auth/plugins/admin';
import { bearer } from 'better-auth/plugins/bearer';
import { twoFactor } from 'better-auth/plugins/two-factor';
import { username } from 'better-auth/plugins/username';
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { Database } from '../store/database.ts';
import { type Hashing, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './passwords.ts';

export const AUTH_PREFIX = '/api/auth';
/** The paths below the prefix that are served; everything else of the library is not reachable. */
export const AUTH_PATHS: ReadonlySet<string> = new Set(['/sign-in/username', '/sign-out', '/get-session']);
/** The longest that a session lasts, and the longest that one lasts unseen. */
const SESSION_SECONDS = 7 * 86_400;
/** Says to the library where a request came from; the routes set it, whatever the request said. */
export const ADDRESS_HEADER = 'x-piculus-address';
export const IDLE_MS = 12 * 3_600_000;
export const SIGN_IN_PATH = '/sign-in/username';

const isSecure = (publicUrl: string | null): boolean => publicUrl?.startsWith('https:') ?? false;
// A browser takes this name only from this very host, over TLS and for all paths. The library's own way would put
// another prefix before it.
const cookiePrefix = (publicUrl: string | null): string =>
  isSecure(publicUrl) ? '__Host-piculus' : 'piculus';
/** The cookie that a browser keeps its session's token in. */
export const sessionCookie = (publicUrl: string | null): string => `${cookiePrefix(publicUrl)}.session_token`;

export interface AuthOptions {
  readonly db: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly hashing: Hashing;
  readonly log: Logger;
  readonly secret: string;
  /** Where people open the console from, where that differs from the address that the server sees. */
  readonly publicUrl: string | null;
}

/** The library's options; exported so that a test can ask whether our tables are what it needs. */
export function authOptions({ db, clock, hashing, log, secret, publicUrl }: AuthOptions) {
  const secure = isSecure(publicUrl);
  return {
    database: { db, type: 'postgres' as const, schemaName: 'piculus' },
    secret,
    basePath: AUTH_PREFIX,
    baseURL: publicUrl ?? 'http://localhost',
    // The routes check the origin themselves, against the address that the request was sent to.
    trustedOrigins: (request?: Request): string[] =>
      request === undefined ? [] : [new URL(request.url).origin],
    telemetry: { enabled: false },
    // Faults come back as they are, instead of being printed by the library.
    onAPIError: { throw: true },
    // The HTTP server limits sign-ins; two counters would disagree.
    rateLimit: { enabled: false },
    logger: {
      log: (level: string, message: string): void => {
        if (level === 'error') log.warn({ message }, 'sign-in library');
        else log.debug({ message }, 'sign-in library');
      },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH_MIN,
      maxPasswordLength: PASSWORD_LENGTH_MAX,
      password: {
        hash: (password: string) => hashing.hash(password),
        verify: ({ hash, password }: { hash: string; password: string }) => hashing.verify(hash, password),
      },
    },
    advanced: {
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      cookiePrefix: cookiePrefix(publicUrl),
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' as const, secure, path: '/' },
    },
    user: {
      modelName: 'users',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    session: {
      modelName: 'sessions',
      // They end that long after the sign-in, however busy; a quiet one ends earlier, which is counted by ourselves.
      expiresIn: SESSION_SECONDS,
      disableSessionRefresh: true,
      additionalFields: {
        authenticatedAt: {
          type: 'date' as const,
          required: false,
          input: false,
          returned: false,
          fieldName: 'authenticated_at',
          defaultValue: () => clock.now(),
        },
        lastSeenAt: {
          type: 'date' as const,
          required: false,
          input: false,
          returned: false,
          fieldName: 'last_seen_at',
          defaultValue: () => clock.now(),
        },
      },
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    account: {
      modelName: 'accounts',
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    verification: {
      modelName: 'verifications',
      fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    plugins: [
      username({
        displayUsername: false,
        minUsernameLength: 3,
        maxUsernameLength: 32,
        usernameValidator: (name: string) => /^[a-z0-9._-]+$/i.test(name),
      }),
      // For its check at the sign-in that the user is not disabled; none of its paths are served.
      admin({
        schema: {
          user: { fields: { banReason: 'ban_reason', banExpires: 'ban_expires' } },
          session: { fields: { impersonatedBy: 'impersonated_by' } },
        },
      }),
      // For the second step of a sign-in; setting one up and removing it is our own.
      twoFactor({
        issuer: 'Piculus',
        twoFactorCookieMaxAge: 600,
        backupCodeOptions: { storeBackupCodes: 'encrypted' as const },
        accountLockout: { enabled: true, maxFailedAttempts: 10, durationSeconds: 900 },
        schema: {
          user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
          twoFactor: {
            modelName: 'second_factors',
            fields: {
              userId: 'user_id',
              backupCodes: 'backup_codes',
              failedVerificationCount: 'failed_verification_count',
              lockedUntil: 'locked_until',
            },
          },
        },
      }),
      bearer(),
    ],
  };
}

export function createAuth(options: AuthOptions) {
  return betterAuth(authOptions(options));
}
