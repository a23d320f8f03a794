/**
 * Checks message bodies on the hot path with validators compiled once from the protocol's schemas: about
 * twelve times faster than interpreting the same schemas.
 */
import {
  CLIENT_MESSAGES,
  type ClientMessageBody,
  type ClientMessageType,
  LIMITS,
  PiculusError,
} from '@piculus/protocol';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { z } from 'zod';

export interface MessageValidator {
  /** @throws PiculusError `invalid-field` naming the first field that is not valid. */
  body<T extends ClientMessageType>(type: T, body: unknown): ClientMessageBody<T>;
}

type Compiled = { [T in ClientMessageType]: ValidateFunction<ClientMessageBody<T>> };

export function isClientMessageType(type: string): type is ClientMessageType {
  return Object.hasOwn(CLIENT_MESSAGES, type);
}

export function createMessageValidator(): MessageValidator {
  // Formats come with patterns, which are checked; Ajv does not know the formats' names.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: false });
  const compile = <T extends ClientMessageType>(type: T): ValidateFunction<ClientMessageBody<T>> =>
    ajv.compile<ClientMessageBody<T>>(jsonSchemaOf(type));
  const compiled: Compiled = {
    hello: compile('hello'),
    heartbeat: compile('heartbeat'),
    problems: compile('problems'),
    'collect-progress': compile('collect-progress'),
    'collect-done': compile('collect-done'),
    'fix-results': compile('fix-results'),
    halted: compile('halted'),
    'preview-result': compile('preview-result'),
    revealed: compile('revealed'),
    ack: compile('ack'),
    error: compile('error'),
  };
  return {
    body(type, body) {
      const validate: Compiled[typeof type] = compiled[type];
      if (validate(body)) return body;
      throw invalid(type, validate.errors?.[0]);
    },
  };
}

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
