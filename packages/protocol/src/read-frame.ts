/**
 * Reads one frame as an envelope, refusing in the cheapest order: size, JSON, forbidden keys and depth,
 * version, type. The body is not checked here: that is the schema's work, which may be compiled.
 */
import { PiculusError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { PROTOCOL_VERSION } from './messages/index.ts';

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** What is known of a frame before its body was checked. */
export interface RawMessage {
  readonly v: number;
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly sysCode?: string;
  readonly body: unknown;
}

/** @throws PiculusError `too-large`, `broken-json`, `forbidden-key`, `too-deep`, `invalid-field`, `wrong-version`. */
export function readFrame(frame: string): RawMessage {
  // A character has at least one byte, so this cheap test never refuses what the exact one would take.
  if (frame.length > LIMITS.messageBytes || Buffer.byteLength(frame) > LIMITS.messageBytes) {
    throw new PiculusError('too-large', `a message has at most ${LIMITS.messageBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new PiculusError('broken-json');
  }
  refuseHostileShapes(value);
  return asEnvelope(value);
}

/** Walks without recursion, so that deep nesting cannot exhaust the stack. */
function refuseHostileShapes(root: unknown): void {
  const waiting: Array<{ value: unknown; depth: number }> = [{ value: root, depth: 1 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > LIMITS.messageDepth) throw new PiculusError('too-deep');
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) throw new PiculusError('forbidden-key', `the key "${key}" is forbidden`);
      waiting.push({ value: (value as Record<string, unknown>)[key], depth: depth + 1 });
    }
  }
}

function asEnvelope(value: unknown): RawMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PiculusError('invalid-field', 'a message is a JSON object');
  }
  const message = value as Record<string, unknown>;
  if (message['v'] !== PROTOCOL_VERSION) {
    throw new PiculusError('wrong-version', `this side speaks protocol version ${PROTOCOL_VERSION}`);
  }
  for (const field of ['id', 'at', 'type'] as const) {
    const text = message[field];
    if (typeof text !== 'string' || text.length === 0 || text.length > LIMITS.codeLength) {
      throw new PiculusError('invalid-field', `"${field}" must be a short text`);
    }
  }
  return message as unknown as RawMessage;
}
