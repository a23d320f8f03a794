/** Reads what a client sends, with schemas that are made once for all runs. */
import { CLIENT_MESSAGES, type ClientMessage, messageSchema, readFrame } from '@piculus/protocol';

type ClientMessageType = ClientMessage['type'];
type Reader = (raw: unknown) => ClientMessage;

const readers = new Map<string, Reader>();

/** As strictly as a server must. */
export function read(frame: string): ClientMessage {
  const raw = readFrame(frame);
  let reader = readers.get(raw.type);
  if (!reader) {
    if (!isKnown(raw.type)) throw new Error(`the client sent the unknown type "${raw.type}"`);
    reader = READERS[raw.type]();
    readers.set(raw.type, reader);
  }
  return reader(raw);
}

function isKnown(type: string): type is ClientMessageType {
  return Object.hasOwn(CLIENT_MESSAGES, type);
}

const readerOf = (schema: { parse(raw: unknown): ClientMessage }): Reader => {
  return (raw) => schema.parse(raw);
};

const READERS: { readonly [T in ClientMessageType]: () => Reader } = {
  hello: () => readerOf(messageSchema('hello', CLIENT_MESSAGES.hello)),
  heartbeat: () => readerOf(messageSchema('heartbeat', CLIENT_MESSAGES.heartbeat)),
  problems: () => readerOf(messageSchema('problems', CLIENT_MESSAGES.problems)),
  'collect-progress': () => readerOf(messageSchema('collect-progress', CLIENT_MESSAGES['collect-progress'])),
  'collect-done': () => readerOf(messageSchema('collect-done', CLIENT_MESSAGES['collect-done'])),
  'fix-results': () => readerOf(messageSchema('fix-results', CLIENT_MESSAGES['fix-results'])),
  halted: () => readerOf(messageSchema('halted', CLIENT_MESSAGES.halted)),
  leaving: () => readerOf(messageSchema('leaving', CLIENT_MESSAGES.leaving)),
  'preview-result': () => readerOf(messageSchema('preview-result', CLIENT_MESSAGES['preview-result'])),
  revealed: () => readerOf(messageSchema('revealed', CLIENT_MESSAGES.revealed)),
  ack: () => readerOf(messageSchema('ack', CLIENT_MESSAGES.ack)),
  error: () => readerOf(messageSchema('error', CLIENT_MESSAGES.error)),
};
