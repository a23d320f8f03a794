/**
 * Ends the connections of keys that were revoked, or whose system was disabled, at whichever node that was done. A tell
 * makes it quicker; this is what makes it certain.
 */
import type { Context, Loop } from '../base/services.ts';
import { createLoop } from '../dispatch/loop.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { readEndedKeys } from '../store/nodes.ts';

export function createRevocations(
  context: Context,
  gateway: Pick<Gateway, 'keyIds' | 'closeByKey'>,
  options: { readonly pollMs?: number } = {},
): Loop {
  return createLoop({
    ...context,
    name: 'revocations',
    wakeReason: null,
    pollMs: options.pollMs ?? 1_000,
    delayMsMax: 1_000,
    work: async () => {
      const keyIds = [...gateway.keyIds()];
      if (keyIds.length === 0) return;
      for (const keyId of await readEndedKeys(context.db, keyIds)) gateway.closeByKey(keyId);
    },
  });
}
