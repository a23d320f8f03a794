/**
 * Checks message bodies on the hot path with validators compiled from the protocol's schemas: about
 * twelve times faster than interpreting the same schemas.
 */
import {
  CLIENT_MESSAGES,
  type ClientMessageBody,
  type ClientMessageType,
  LIMITS,
  PiculusError,
} from '@piculus/protocol';
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { z } from 'zod';

export interface MessageValidator {
  /** @throws PiculusError `invalid-field` naming the first field that is not valid. */
  body<T extends ClientMessageType>(type: T, body: unknown): ClientMessageBody<T>;
}

type Validators = { [T in ClientMessageType]: () => ValidateFunction<ClientMessageBody<T>> };

export function isClientMessageType(type: string): type is ClientMessageType {
  return Object.hasOwn(CLIENT_MESSAGES, type);
}

/**
 * A type is compiled when its first message comes: all of them at once would hold the start of every server back. They
 * keep nothing of a server, so those of one process share them.
 */
const VALIDATORS: Validators = {
  hello: compiledOnce('hello'),
  heartbeat: compiledOnce('heartbeat'),
  problems: compiledOnce('problems'),
  'collect-progress': compiledOnce('collect-progress'),
  'collect-done': compiledOnce('collect-done'),
  'fix-results': compiledOnce('fix-results'),
  halted: compiledOnce('halted'),
  leaving: compiledOnce('leaving'),
  'preview-result': compiledOnce('preview-result'),
  revealed: compiledOnce('revealed'),
  ack: compiledOnce('ack'),
  error: compiledOnce('error'),
};

export function createMessageValidator(): MessageValidator {
  return {
    body(type, body) {
      const validate = VALIDATORS[type]();
      if (validate(body)) return body;
      throw invalid(type, validate.errors?.[0]);
    },
  };
}

function compiledOnce<T extends ClientMessageType>(type: T): () => ValidateFunction<ClientMessageBody<T>> {
  let compiled: ValidateFunction<ClientMessageBody<T>> | null = null;
  return () => {
    compiled ??= new Ajv(OPTIONS).compile<ClientMessageBody<T>>(jsonSchemaOf(type));
    return compiled;
  };
}

const OPTIONS: Options = {
  strict: false,
  // Formats come with patterns, which are checked; Ajv does not know the formats' names.
  validateFormats: false,
  allErrors: false,
  // The schemas are made from our own and never come from outside.
  meta: false,
  validateSchema: false,
};

function jsonSchemaOf(type: ClientMessageType): object {
  return z.toJSONSchema(CLIENT_MESSAGES[type], {
    target: 'draft-7',
    io: 'input',
    // How many fields a record of facts has is a refinement, which JSON Schema cannot express by itself.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'record') jsonSchema.maxProperties = LIMITS.factFields;
    },
  });
}

function invalid(type: string, error: ErrorObject | undefined): PiculusError {
  const path = `body${(error?.instancePath ?? '').replaceAll('/', '.')}`;
  const extra: unknown = error?.params.additionalProperty;
  const field = typeof extra === 'string' ? `${path}.${extra.slice(0, 64)}` : path;
  const en = typeof extra === 'string' ? 'unknown field' : (error?.message ?? 'not valid');
  return new PiculusError('invalid-field', `${type}: ${field}: ${en}`, [
    { field, reason: { en, zh: typeof extra === 'string' ? '未知字段' : '无效' } },
  ]);
}
