/** Signing in and out. */
import { signIn } from '@piculus/protocol/http';
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
      '\nThe password is asked for, or read from PICULUS_PASSWORD or the first line of stdin.',
    )
    .action(
      act(async (context, command) => {
        const { user } = command.opts<{ user: string }>();
        const url = await context.serverUrl();
        const password =
          context.config.password ?? (await context.world.person.secret(`password of ${user} at ${url}`));
        const { token } = await signIn({ baseUrl: url }, { username: user, password });
        await writeSession(context.config.sessionFile, { url, username: user, token });
        context.out.result(
          { url, username: user, sessionFile: context.config.sessionFile },
          () => `signed in at ${url} as ${user}`,
        );
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
