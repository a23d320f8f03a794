/** Tells of broadcasts, of who took their parts, and of what came of those, as spans of one trace. */
import { collectionPlace, collectPlace } from '@piculus/protocol/tracing';
import type { Tracing } from '../base/tracing.ts';

type Part = Parameters<typeof collectPlace>[0];

export function createCollectSpans(tracing: Tracing) {
  return {
    broadcast(collectionId: string, systems: number): void {
      if (!tracing.on) return;
      const attributes = { 'piculus.collection': collectionId, 'piculus.systems': systems };
      const place = collectionPlace(collectionId);
      tracing.told({ name: 'broadcast', place, parent: null, attributes, ms: 0 });
    },
    claimed(sysCode: string, command: Part): void {
      if (!tracing.on) return;
      const { commandId, epoch } = command;
      const attributes = {
        'piculus.sys_code': sysCode,
        'piculus.command': commandId,
        'piculus.epoch': epoch,
      };
      const parent = collectionPlace(command.collectionId);
      tracing.told({ name: 'collect', place: collectPlace(command), parent, attributes, ms: 0 });
    },
    reported(command: Part, sysCode: string, problems: number): void {
      if (!tracing.on) return;
      const attributes = { 'piculus.sys_code': sysCode, 'piculus.problems': problems };
      tracing.told({ name: 'report', place: null, parent: collectPlace(command), attributes, ms: 0 });
    },
  };
}
