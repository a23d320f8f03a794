/** Effects: what the journals of the systems say was done, against what the server was told. */
import { type Check, eachSystem } from './sources.ts';

const once: Check = {
  name: 'no effect was committed twice',
  when: 'safety',
  run: (sources) =>
    eachSystem(sources, async ({ own }) => {
      const { rows } = await own.query<{ effect_key: string; commands: number }>(
        'select effect_key, count(*)::int as commands from piculus_client.effects group by effect_key',
      );
      const wrong = rows
        .filter(({ commands }) => commands > 1)
        .map((row) => `${row.effect_key}: committed under ${row.commands} command keys`);
      return { looked: rows.length, wrong };
    }),
};

interface Told {
  readonly command_key: string;
  readonly business_key: string;
  readonly moved: string;
}

const told: Check = {
  name: 'executions tell of the effects in the journals, each once',
  when: 'end',
  run: (sources) =>
    eachSystem(sources, async ({ sysCode, own }) => {
      const executions = await sources.piculus.query<Told>(
        `select command_key, min(business_key) as business_key, sum(moved_minor)::text as moved
         from piculus.executions where sys_code = $1 group by command_key`,
        [sysCode],
      );
      const journal = await own.query<{ command_key: string; moved: string }>(
        'select command_key, sum(amount_minor)::text as moved from piculus_client.effects group by command_key',
      );
      const byKey = new Map(executions.rows.map((row) => [row.command_key, row]));
      const moved = new Map(journal.rows.map((row) => [row.command_key, row.moved]));
      const wrong = [
        ...executions.rows
          .filter((row) => BigInt(row.moved) !== BigInt(moved.get(row.command_key) ?? '0'))
          .map(
            (row) =>
              `${row.business_key}: its executions moved ${row.moved}, its journal says ${moved.get(row.command_key) ?? '0'}`,
          ),
        ...journal.rows
          .filter((row) => !byKey.has(row.command_key))
          .map((row) => `${row.command_key}: effects of ${row.moved} that no execution tells of`),
      ];
      return { looked: executions.rows.length, wrong };
    }),
};

export const EFFECT_CHECKS = [once, told];
