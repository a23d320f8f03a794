import {
  CLIENT_MESSAGES,
  type ClientMessage,
  type ClientMessageType,
  messageSchema,
  readFrame,
} from '@piculus/protocol';

interface Schema {
  parse(raw: unknown): ClientMessage;
}

/** Reads a frame of a client as strictly as a server must. @throws where it is not a message of the protocol. */
export function readClientMessage(frame: string): ClientMessage {
  const raw = readFrame(frame);
  if (!isClientMessageType(raw.type))
    throw new Error(`the client sent a message of the unknown type "${raw.type}"`);
  return schemaOf(raw.type).parse(raw);
}

function isClientMessageType(type: string): type is ClientMessageType {
  return Object.hasOwn(CLIENT_MESSAGES, type);
}

function schemaOf(type: ClientMessageType): Schema {
  const schemas: { readonly [T in ClientMessageType]: () => Schema } = {
    hello: () => messageSchema('hello', CLIENT_MESSAGES.hello),
    heartbeat: () => messageSchema('heartbeat', CLIENT_MESSAGES.heartbeat),
    problems: () => messageSchema('problems', CLIENT_MESSAGES.problems),
    'collect-progress': () => messageSchema('collect-progress', CLIENT_MESSAGES['collect-progress']),
    'collect-done': () => messageSchema('collect-done', CLIENT_MESSAGES['collect-done']),
    'fix-results': () => messageSchema('fix-results', CLIENT_MESSAGES['fix-results']),
    halted: () => messageSchema('halted', CLIENT_MESSAGES.halted),
    leaving: () => messageSchema('leaving', CLIENT_MESSAGES.leaving),
    'preview-result': () => messageSchema('preview-result', CLIENT_MESSAGES['preview-result']),
    revealed: () => messageSchema('revealed', CLIENT_MESSAGES.revealed),
    ack: () => messageSchema('ack', CLIENT_MESSAGES.ack),
    error: () => messageSchema('error', CLIENT_MESSAGES.error),
  };
  return schemas[type]();
}
