/** What every way of hinting has to do, whatever carries it. */
import { describe, expect, it } from 'vitest';
import type { Bus } from '../../src/nodes/bus.ts';
import { until } from './support.ts';

export interface HintsUnderTest {
  /** Another node's; started. */
  node(): Promise<Bus>;
  /** Breaks what carries the hints of all; they come back by themselves. */
  cut?(): Promise<void>;
}

export function describeHints(name: string, open: () => HintsUnderTest): void {
  describe(`hints over ${name}`, () => {
    it('come to all other nodes, each topic to who listens for it, and not to oneself', async () => {
      const parts = open();
      const [one, two, three] = [await parts.node(), await parts.node(), await parts.node()];
      await until(() => one.ready && two.ready && three.ready);
      const heard: string[] = [];
      one.listen('mail', () => heard.push('one'));
      two.listen('mail', () => heard.push('two'));
      two.listen('collect', () => heard.push('wrong topic'));
      const end = three.listen('mail', () => heard.push('three'));
      one.notify('mail');
      await until(() => heard.length === 2);
      expect([...heard].sort()).toEqual(['three', 'two']);
      end();
      heard.length = 0;
      one.notify('dispatch');
      one.notify('mail');
      await until(() => heard.length === 1);
      expect(heard).toEqual(['two']);
      await Promise.all([one.stop(), two.stop(), three.stop()]);
    });

    it('that come together go out as few', async () => {
      const parts = open();
      const [one, two] = [await parts.node(), await parts.node()];
      await until(() => one.ready && two.ready);
      let heard = 0;
      two.listen('dispatch', () => {
        heard += 1;
      });
      for (let i = 0; i < 1_000; i += 1) one.notify('dispatch');
      await until(() => heard > 0);
      expect(heard).toBeLessThan(10);
      await Promise.all([one.stop(), two.stop()]);
    });

    it('come again after the way was cut', async () => {
      const parts = open();
      if (parts.cut === undefined) return;
      const [one, two] = [await parts.node(), await parts.node()];
      await until(() => one.ready && two.ready);
      let heard = 0;
      two.listen('limits', () => {
        heard += 1;
      });
      await parts.cut();
      await until(() => {
        one.notify('limits');
        return heard > 0;
      });
      await Promise.all([one.stop(), two.stop()]);
    });

    it('are never waited for, and harmless once stopped', async () => {
      const bus = await open().node();
      expect(bus.notify('mail')).toBeUndefined();
      await bus.stop();
      expect(() => bus.notify('mail')).not.toThrow();
    });
  });
}
