/** Bringing the database up to this build without starting the server. */
import { EXIT } from '../exit-codes.ts';
import type { Registration } from '../registration.ts';
import { type ServerFlags, serverConfig } from './serve.ts';

export function addMigrate({ program, act }: Registration): void {
  program
    .command('migrate')
    .description("bring the server's database up to this build; the server does so by itself when it starts")
    .option('--data-dir <folder>', 'folder of the embedded database (PICULUS_DATA_DIR, ./.piculus)')
    .option('--database-url <url>', 'PostgreSQL (PICULUS_DATABASE_URL)')
    .option('--print-grants <role>', 'only print the SQL that lets the server work under this role')
    .action(
      act(async (context, command) => {
        const { printGrants: role } = command.opts<{ printGrants?: string }>();
        if (role !== undefined) {
          const { grantsFor } = await import('@piculus/server');
          const statements = grantsFor(role);
          context.out.result({ statements }, () => statements.map((one) => `${one};`).join('\n'));
          return EXIT.ok;
        }
        const config = await serverConfig(context.world.environment, command.opts<ServerFlags>());
        const { migrateDatabase } = await import('@piculus/server');
        const report = await migrateDatabase(config);
        context.out.result(report, () =>
          report.applied.length === 0
            ? `nothing to do: the database is at ${report.version}`
            : `applied ${report.applied.join(', ')}; the database is at ${report.version}`,
        );
        return EXIT.ok;
      }),
    );
}
