/** Signing in and out. */
import { type ApiClient, createApiClient, beginSignIn, finishSignIn } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { Registration } from '../registration.ts';
import { forgetSession, writeSession } from '../session.ts';

export function addLogin({ program, act }: Registration): void {
  program
    .command('login')
    .description('sign in; the session is stored for this user alone (mode 0600)')
    .option('--user <name>', 'user name', 'admin')
    .addHelpText(
      'after',
      '\nThe password is asked for, or read from PICULUS_PASSWORD or the first line of stdin. With a one-time password\na new one is asked for too, or read from PICULUS_NEW_PASSWORD.',
    )
    .action(
      act(async (context, command) => {
        const { user } = command.opts<{ user: string }>();
        const url = await context.serverUrl();
        const password =
          context.config.password ?? (await context.world.person.secret(`password of ${user} at ${url}`));
        const token = await signInAs(context, url, { username: user, password });
        const api = createApiClient({ baseUrl: url, token });
        if ((await api.getMe()).passwordIsOneTime) {
          context.out.say('this password counts once: choose one of your own');
          await changePassword(context, api, password);
        }
        await writeSession(context.config.sessionFile, { url, username: user, token });
        context.out.result(
          { url, username: user, sessionFile: context.config.sessionFile },
          () => `signed in at ${url} as ${user}`,
        );
        return EXIT.ok;
      }),
    );
  program
    .command('password')
    .description('change your password, and end your other sessions')
    .addHelpText(
      'after',
      '\nBoth passwords are asked for, or read from PICULUS_PASSWORD and PICULUS_NEW_PASSWORD.',
    )
    .action(
      act(async (context) => {
        const api = await context.api();
        const currentPassword =
          context.config.password ?? (await context.world.person.secret('current password'));
        await changePassword(context, api, currentPassword);
        context.out.result({ changed: true }, () => 'the password is changed');
        return EXIT.ok;
      }),
    );
  program
    .command('logout')
    .description('forget the stored session')
    .action(
      act(async (context) => {
        const forgotten = await forgetSession(context.config.sessionFile);
        context.out.result({ forgotten }, () => (forgotten ? 'signed out' : 'nobody was signed in'));
        return EXIT.ok;
      }),
    );
}

async function signInAs(
  context: CliContext,
  baseUrl: string,
  credentials: { readonly username: string; readonly password: string },
): Promise<string> {
  const step = await beginSignIn({ baseUrl }, credentials);
  if ('token' in step) return step.token;
  const code = await context.world.person.secret('code of your app, or a recovery code');
  return (await finishSignIn({ baseUrl }, { ...step, code })).token;
}

async function changePassword(context: CliContext, api: ApiClient, currentPassword: string): Promise<void> {
  const newPassword =
    context.config.newPassword ??
    (await context.world.person.secret('new password (at least 12 characters)'));
  await api.changePassword({ body: { currentPassword, newPassword } });
}
