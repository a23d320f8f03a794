import { describe, expect, it } from 'vitest';
import { readOptions } from '../../src/demo/options.ts';

describe('the options of the demo', () => {
  it('leave repairs to the solutions, or to clicks with --manual', () => {
    expect(readOptions([], {}, '/somewhere')).toMatchObject({ manual: false, once: false });
    expect(readOptions(['--manual'], {}, '/somewhere')).toMatchObject({ manual: true });
  });

  it('refuse a run without a person that would wait for one', () => {
    expect(() => readOptions(['--once', '--manual'], {}, '/somewhere')).toThrow('leave out --manual');
  });
});
