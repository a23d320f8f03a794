/**
 * Reads one frame as an envelope, refusing in the cheapest order: size, JSON, forbidden keys and depth,
 * version, envelope. The body is not checked here: that is the schema's work, which may be compiled.
 */
import { PiculusError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { PROTOCOL_VERSION } from './messages/index.ts';
import { timeSchema } from './messages/parts.ts';

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
  if (spellsNothingHostile(frame)) refuseDeeper(value, LIMITS.messageDepth);
  else refuseHostileShapes(value);
  return asEnvelope(value);
}

/**
 * Whether a text of JSON cannot hold a forbidden key nor a text that cannot be stored: the names are not in it, and
 * without an escape by number neither they nor a NUL nor half a pair can be written otherwise. Looking through a large
 * message takes a tenth of looking at each of its texts.
 */
function spellsNothingHostile(frame: string): boolean {
  if (frame.includes('\\u') || !frame.isWellFormed()) return false;
  for (const name of FORBIDDEN_KEYS) if (frame.includes(name)) return false;
  return true;
}

/** @param levels how many there may be below. @throws PiculusError `too-deep`. */
function refuseDeeper(value: unknown, levels: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (levels === 0) throw new PiculusError('too-deep');
  for (const inner of Array.isArray(value) ? value : Object.values(value)) refuseDeeper(inner, levels - 1);
}

/** Plain ASCII without what JSON escapes, so that the id means what stands there. */
const BEGINNING = /^\s*\{\s*"v"\s*:\s*[0-9]{1,9}\s*,\s*"id"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,64})"/;
const BEGINNING_LENGTH = 256;

/**
 * @returns the id of a frame that {@link readFrame} refuses, where it begins with version and id and these can be
 * read; null otherwise. So a sender learns which of its messages was refused, and does not wait for its answer.
 */
export function readIdOnly(frame: string): string | null {
  return BEGINNING.exec(frame.slice(0, BEGINNING_LENGTH))?.[1] ?? null;
}

/**
 * Refuses what no receiver should have to handle: keys that change a JavaScript object's prototype, nesting
 * without end, and text that PostgreSQL cannot store (a NUL character or half of a surrogate pair), which would
 * otherwise fail at every repeat of the message.
 * Walks without recursion, so that deep nesting cannot exhaust the stack.
 * @throws PiculusError `forbidden-key`, `too-deep`, `invalid-field`.
 */
export function refuseHostileShapes(root: unknown): void {
  const waiting: Array<{ value: unknown; depth: number }> = [{ value: root, depth: 1 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string') refuseUnstorableText(value);
    if (typeof value !== 'object' || value === null) continue;
    if (depth > LIMITS.messageDepth) throw new PiculusError('too-deep');
    for (const [key, inner] of Object.entries(value)) {
      if (FORBIDDEN_KEYS.has(key)) throw new PiculusError('forbidden-key', `the key "${key}" is forbidden`);
      refuseUnstorableText(key);
      waiting.push({ value: inner, depth: depth + 1 });
    }
  }
}

function refuseUnstorableText(text: string): void {
  if (text.includes('\0')) throw new PiculusError('invalid-field', 'text must not contain the NUL character');
  if (!text.isWellFormed()) throw new PiculusError('invalid-field', 'text must be well-formed Unicode');
}

const ENVELOPE_FIELDS = new Set(['v', 'id', 'at', 'type', 'sysCode', 'body']);

function asEnvelope(value: unknown): RawMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PiculusError('invalid-field', 'a message is a JSON object');
  }
  const message = new Map<string, unknown>(Object.entries(value));
  if (message.get('v') !== PROTOCOL_VERSION) {
    throw new PiculusError('wrong-version', `this side speaks protocol version ${PROTOCOL_VERSION}`);
  }
  for (const field of message.keys()) {
    if (!ENVELOPE_FIELDS.has(field))
      throw new PiculusError('invalid-field', 'the envelope has an unknown field');
  }
  const at = shortText(message, 'at');
  if (!timeSchema.safeParse(at).success)
    throw new PiculusError('invalid-field', '"at" must be an ISO 8601 time with its offset');
  return {
    v: PROTOCOL_VERSION,
    id: shortText(message, 'id'),
    at,
    type: shortText(message, 'type'),
    ...(message.has('sysCode') ? { sysCode: shortText(message, 'sysCode') } : {}),
    body: message.get('body'),
  };
}

function shortText(message: ReadonlyMap<string, unknown>, field: string): string {
  const text = message.get(field);
  if (typeof text !== 'string' || text.length === 0 || text.length > LIMITS.codeLength) {
    throw new PiculusError('invalid-field', `"${field}" must be a short text`);
  }
  return text;
}
