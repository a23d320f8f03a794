/** Messages that were once written down have to be understood for ever; refused ones stay refused. */
import { describe, expect, it } from 'vitest';
import { PiculusError, readFrame } from '../src/index.ts';
import { bodySchemas, goldenMessages, ORIGINS, refusedFrames, wholeSchema } from './golden.ts';

describe.each(ORIGINS)('golden messages %s', (origin) => {
  const messages = goldenMessages(origin);

  it('has at least one of each type and none of a type that is gone', () => {
    expect([...new Set(messages.map(({ type }) => type))].sort()).toEqual(
      Object.keys(bodySchemas(origin)).sort(),
    );
  });

  it.each(messages.map((message) => [message.name, message] as const))(
    'understands %s without changing it',
    (_, message) => {
      const raw = readFrame(message.text);
      const parsed = wholeSchema(origin, raw.type)?.parse(raw);
      expect(parsed).toEqual(JSON.parse(message.text));
    },
  );
});

describe('frames that are refused', () => {
  it.each(refusedFrames().map((frame) => [frame.name, frame] as const))('%s', (_, { frame, code }) => {
    expect(codeOf(frame)).toBe(code);
  });
});

function codeOf(frame: string): string {
  try {
    const raw = readFrame(frame);
    const schema = wholeSchema('from-client', raw.type);
    if (schema === undefined) return 'unknown-type';
    return schema.safeParse(raw).success ? 'taken' : 'invalid-field';
  } catch (error) {
    if (error instanceof PiculusError) return error.code;
    throw error;
  }
}
