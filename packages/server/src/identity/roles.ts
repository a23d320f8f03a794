/** Roles: named sets of what somebody may do. */
import { BUILT_IN_ROLES, PiculusError, VERBS } from '@piculus/protocol';
import type { Role, RouteBody } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireFresh } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import type { Tx } from '../store/database.ts';
import { committed } from '../store/pool.ts';
import { deleteRole, insertRole, readRole, readRoles, type RoleRow, updateRole } from '../store/roles.ts';
import { changeAccess } from './grants.ts';

export const ADMINISTRATOR = 'administrator';

export interface Roles {
  /** The built-in ones first. */
  list(): Promise<Role[]>;
  /**
   * Makes a role or changes it.
   * @throws PiculusError `wrong-state` for the administrator, where it was changed meanwhile, and where nobody would
   * be left who can administer everything; `already-exists`; `not-found`; `reauthentication-required`.
   */
  put(name: string, input: RouteBody<'putRole'>, caller: Caller): Promise<Role>;
  /** @throws PiculusError `wrong-state` where somebody holds it or it is built in; `not-found`. */
  remove(name: string, caller: Caller): Promise<void>;
}

const BUILT_IN: readonly string[] = Object.keys(BUILT_IN_ROLES);

export function createRoles(context: Pick<Context, 'db' | 'clock' | 'steps'>): Roles {
  const { db, clock } = context;
  return {
    list: async () => (await readRoles(db)).map(toRole).sort((a, b) => rank(a) - rank(b)),
    put: async (name, { verbs, description, version }, caller) => {
      const at = clock.now();
      requireFresh(caller, at);
      if (name === ADMINISTRATOR)
        throw new PiculusError('wrong-state', 'the administrator keeps everything that can be done');
      const edit = {
        name,
        verbs: VERBS.filter((verb) => verbs.includes(verb)),
        description,
        at,
        by: caller.actor,
      };
      return committed(context, 'act', (tx) =>
        changeAccess(tx, async () => {
          const before = await readRole(tx, name);
          if (before === undefined) {
            if (version !== 0) throw new PiculusError('not-found', 'there is no such role');
            if (!(await insertRole(tx, edit))) throw taken(name);
          } else {
            if (version === 0) throw taken(name);
            if (before.version !== version)
              throw new PiculusError('wrong-state', 'the role was changed meanwhile');
            await updateRole(tx, edit);
          }
          const after = await saved(tx, name);
          await writeAudit(tx, {
            at,
            actor: caller.actor,
            act: before === undefined ? 'role-created' : 'role-changed',
            target: `role:${name}`,
            ...(before === undefined ? {} : { before: contentOf(before) }),
            after: contentOf(after),
          });
          return toRole(after);
        }),
      );
    },
    remove: async (name, caller) => {
      const at = clock.now();
      requireFresh(caller, at);
      if (BUILT_IN.includes(name)) throw new PiculusError('wrong-state', 'a built-in role stays');
      await committed(context, 'act', (tx) =>
        changeAccess(tx, async () => {
          const before = await readRole(tx, name);
          if (before === undefined) throw new PiculusError('not-found', 'there is no such role');
          if (before.people > 0) throw new PiculusError('wrong-state', 'somebody holds this role');
          await deleteRole(tx, name);
          await writeAudit(tx, {
            at,
            actor: caller.actor,
            act: 'role-deleted',
            target: `role:${name}`,
            before: contentOf(before),
          });
        }),
      );
    },
  };
}

/** The built-in ones in the order of the table, which goes from little to much. */
function rank({ name }: Role): number {
  const index = BUILT_IN.indexOf(name);
  return index < 0 ? BUILT_IN.length : index;
}

const contentOf = ({ verbs, description }: RoleRow) => ({ verbs, description });
const taken = (name: string): PiculusError =>
  new PiculusError(
    'already-exists',
    `there is a role "${name}", or one whose name differs by capitals alone`,
  );

async function saved(tx: Tx, name: string): Promise<RoleRow> {
  const row = await readRole(tx, name);
  if (row === undefined) throw new PiculusError('internal', 'the role was not saved');
  return row;
}

function toRole(row: RoleRow): Role {
  return {
    name: row.name,
    verbs: VERBS.filter((verb) => row.verbs.includes(verb)),
    description: row.description,
    builtIn: BUILT_IN.includes(row.name),
    editable: row.name !== ADMINISTRATOR,
    version: row.version,
    people: row.people,
    changedAt: row.changedAt.toISOString(),
    changedBy: row.changedBy,
  };
}
