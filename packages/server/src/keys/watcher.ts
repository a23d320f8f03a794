/** Notices what another node, or a person at the folder, did to the keys. */
import type { Context, Loop } from '../base/services.ts';
import { createLoop } from '../dispatch/loop.ts';
import type { ServerKeys } from './index.ts';

const POLL_MS = 5_000;

export function createKeyWatcher(context: Context, keys: ServerKeys, changed: () => void): Loop {
  return createLoop({
    ...context,
    name: 'signing-keys',
    wakeReason: null,
    pollMs: POLL_MS,
    work: async () => {
      if (!(await keys.refresh())) return;
      context.log.info({ keys: keys.list() }, 'the signing keys changed');
      changed();
    },
  });
}
