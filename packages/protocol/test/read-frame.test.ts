import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  LIMITS,
  PiculusError,
  readFrame,
  readIdOnly,
  refuseHostileShapes,
} from '../src/index.ts';

const envelope = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
  v: 1,
  id: 'm-1',
  at: '2026-11-22T10:00:00Z',
  type: 'ack',
  body: { re: 'm-0' },
  ...extra,
});

function codeOf(frame: string): ErrorCode | 'taken' {
  try {
    readFrame(frame);
    return 'taken';
  } catch (error) {
    if (error instanceof PiculusError) return error.code;
    throw error;
  }
}

const nested = (depth: number): unknown => (depth <= 1 ? 'x' : [nested(depth - 1)]);

describe('reading a frame', () => {
  it('gives the envelope and leaves the body to the schemas', () => {
    expect(readFrame(JSON.stringify(envelope({ sysCode: 'PBAP' })))).toEqual(envelope({ sysCode: 'PBAP' }));
    expect(readFrame(JSON.stringify(envelope({ type: 'not-known', body: 5 }))).body).toBe(5);
  });

  it('never throws anything but an error of the table, whatever it is given', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((body) => JSON.stringify(envelope({ body }))),
      fc
        .record(
          {
            v: fc.jsonValue(),
            id: fc.jsonValue(),
            at: fc.jsonValue(),
            type: fc.jsonValue(),
            body: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
      fc.json().chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))),
    );
    fc.assert(
      fc.property(anything, (frame) => {
        codeOf(frame);
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds a forbidden key wherever it stands', () => {
    const key = fc.constantFrom('__proto__', 'constructor', 'prototype');
    fc.assert(
      fc.property(
        key,
        fc.array(fc.constantFrom('list', 'object'), { maxLength: LIMITS.messageDepth - 3 }),
        (name, path) => {
          const inner = `{"${name}":{"admin":true}}`;
          const body = path.reduceRight(
            (text, kind) => (kind === 'list' ? `[1,${text}]` : `{"a":${text}}`),
            inner,
          );
          expect(codeOf(`{"v":1,"id":"m","at":"2026-11-22T10:00:00Z","type":"ack","body":${body}}`)).toBe(
            'forbidden-key',
          );
          expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
        },
      ),
    );
    expect(codeOf('{"__proto__":{"v":1}}')).toBe('forbidden-key');
    expect(codeOf('{"v":1,"\\u005f_proto__":1}')).toBe('forbidden-key');
  });

  it('refuses by a look at the text what a walk over all of it refuses, however it is spelled', () => {
    const word = fc.constantFrom(
      '__proto__',
      'constructor',
      'prototypes',
      'state',
      '\u0000',
      '\ud83d',
      '😀',
      '\n',
    );
    const spelled = fc
      .tuple(word, fc.boolean())
      .map(([text, byNumbers]) =>
        byNumbers
          ? `"${[...text].map((one) => (one === '_' || one === 'o' ? `\\u00${one.charCodeAt(0).toString(16)}` : JSON.stringify(one).slice(1, -1))).join('')}"`
          : JSON.stringify(text),
      );
    const level = fc.tuple(fc.constantFrom('list', 'key', 'value'), spelled);
    const body = fc.array(level, { maxLength: LIMITS.messageDepth + 1 }).map((levels) =>
      levels.reduceRight((inner, [kind, text]) => {
        if (kind === 'list') return `[${inner},1]`;
        return kind === 'key' ? `{${text}:${inner}}` : `{"a":${inner},"b":${text}}`;
      }, '1'),
    );
    const walked = (frame: string): ErrorCode | 'taken' => {
      try {
        refuseHostileShapes(JSON.parse(frame));
        return 'taken';
      } catch (error) {
        if (error instanceof PiculusError) return error.code;
        throw error;
      }
    };
    fc.assert(
      fc.property(body, (text) => {
        const frame = `{"v":1,"id":"m","at":"2026-11-22T10:00:00Z","type":"ack","body":${text}}`;
        expect(codeOf(frame)).toBe(walked(frame));
      }),
      { numRuns: 1_000 },
    );
  });

  it('counts the envelope as the first level of nesting', () => {
    expect(codeOf(JSON.stringify(envelope({ body: nested(LIMITS.messageDepth) })))).toBe('taken');
    expect(codeOf(JSON.stringify(envelope({ body: nested(LIMITS.messageDepth + 1) })))).toBe('too-deep');
    expect(codeOf(`${'['.repeat(400_000)}${']'.repeat(400_000)}`)).toBe('too-deep');
  });

  it('counts bytes, not characters', () => {
    const fill = (bytes: number, unit: string): string => {
      const rest = bytes - Buffer.byteLength(JSON.stringify(envelope({ body: '' })));
      return JSON.stringify(envelope({ body: unit.repeat(Math.floor(rest / Buffer.byteLength(unit))) }));
    };
    expect(codeOf(fill(LIMITS.messageBytes, 'a'))).toBe('taken');
    expect(codeOf(fill(LIMITS.messageBytes + 1, 'a'))).toBe('too-large');
    expect(codeOf(fill(LIMITS.messageBytes + 3, '订'))).toBe('too-large');
  });

  it('refuses text that no database column can hold', () => {
    expect(codeOf(JSON.stringify(envelope({ body: { reason: 'a\u0000b' } })))).toBe('invalid-field');
    expect(codeOf(JSON.stringify(envelope({ body: { reason: '\ud800' } })))).toBe('invalid-field');
    expect(codeOf(JSON.stringify(envelope({ body: { '\udfff': 1 } })))).toBe('invalid-field');
    expect(codeOf(JSON.stringify(envelope({ body: { reason: '😀' } })))).toBe('taken');
  });

  it.each([
    ['', 'broken-json'],
    ['{', 'broken-json'],
    ['{"v":1}{"v":1}', 'broken-json'],
    ['null', 'invalid-field'],
    ['[]', 'invalid-field'],
    ['"hello"', 'invalid-field'],
    ['{}', 'wrong-version'],
    [JSON.stringify(envelope({ v: 2 })), 'wrong-version'],
    [JSON.stringify(envelope({ v: '1' })), 'wrong-version'],
    [JSON.stringify(envelope({ id: '' })), 'invalid-field'],
    [JSON.stringify(envelope({ id: 'x'.repeat(65) })), 'invalid-field'],
    [JSON.stringify(envelope({ at: 'yesterday' })), 'invalid-field'],
    [JSON.stringify(envelope({ at: '2026-11-22T10:00:00' })), 'invalid-field'],
    [JSON.stringify(envelope({ type: 7 })), 'invalid-field'],
    [JSON.stringify(envelope({ sysCode: 7 })), 'invalid-field'],
    [JSON.stringify(envelope({ extra: 1 })), 'invalid-field'],
  ] as const)('answers %j with %s', (frame, code) => {
    expect(codeOf(frame)).toBe(code);
  });
});

describe('the id of a frame that cannot be read', () => {
  it('is told wherever a whole id was there', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(id, fc.nat(40), (text, cut) => {
        const frame = JSON.stringify(envelope({ id: text }));
        expect(readIdOnly(frame.slice(0, frame.length - cut))).toBe(text);
      }),
    );
  });

  it.each([
    ['{"v":1,"id":"half', null],
    ['{"v":1,"body":{"id":"of something else"},"id":"m-1"}', null],
    ['{"v":1,"id":"with \\"quotes"}', null],
    [`{"v":1,"id":"${'x'.repeat(65)}"}`, null],
    ['[]', null],
  ])('%s: %s', (frame, id) => expect(readIdOnly(frame)).toBe(id));
});
