/** A real provider of OpenID Connect on this machine, and a browser's part of a sign-in, by hand. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';
import { anyFreePort } from '../../../../examples/pbap/src/demo/ports.ts';

export const CLIENT_ID = 'piculus';
export const CLIENT_SECRET = 'a secret between provider and server';

export interface Person {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly name?: string;
}

export interface TestProvider {
  readonly issuer: string;
  /** Who signs in next. */
  person: Person;
  stop(): Promise<void>;
}

/** Signs in whoever `person` is, without asking. */
export async function startProvider(publicUrl: string): Promise<TestProvider> {
  const port = await anyFreePort();
  const issuer = `http://127.0.0.1:${port}`;
  const state: { person: Person } = { person: { sub: 'nobody' } };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [`${publicUrl}/api/auth/callback/oidc`],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['only for this test'] },
    findAccount: async (_context: unknown, accountId: string) => ({
      accountId,
      claims: async () => ({ ...state.person, sub: accountId }),
    }),
    loadExistingGrant: async (context: ProviderContext) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    interactions: {
      url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}`,
    },
  });
  const callback = provider.callback();
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/') === true)
      void provider.interactionFinished(request, response, { login: { accountId: state.person.sub } });
    else void callback(request, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    get person() {
      return state.person;
    },
    set person(person: Person) {
      state.person = person;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface ProviderContext {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly provider: {
      readonly Grant: new (given: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    };
  };
}

/** Cookies by origin, and no redirect that is not looked at. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  cookies(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }

  /** @returns where it is sent to. */
  async go(
    url: string,
  ): Promise<{ readonly status: number; readonly location: string; readonly response: Response }> {
    const jar = this.cookies(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';', 1);
      const split = pair.indexOf('=');
      const value = pair.slice(split + 1);
      if (value === '' || /max-age=0(;|$)/i.test(set)) jar.delete(pair.slice(0, split));
      else jar.set(pair.slice(0, split), value);
    }
    const location = response.headers.get('location');
    return {
      status: response.status,
      location: location === null ? '' : new URL(location, url).href,
      response,
    };
  }

  /** Follows until the next address is one that `stop` names, or no further. @returns that address. */
  async follow(url: string, stop: (next: string) => boolean = () => false): Promise<string> {
    let at = url;
    for (let hop = 0; hop < 15; hop += 1) {
      const { location, response } = await this.go(at);
      await response.arrayBuffer();
      if (location === '') return at;
      if (stop(location)) return location;
      at = location;
    }
    throw new Error(`redirected too often: ${at}`);
  }
}
