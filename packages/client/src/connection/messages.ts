/** Reads what the server sends, and writes what this client sends. */
import {
  type ClientMessageBody,
  type ClientMessageType,
  compiledSchema,
  messageSchema,
  PiculusError,
  PROTOCOL_VERSION,
  readFrame,
  SERVER_MESSAGES,
  type ServerMessage,
  type ServerMessageType,
} from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import { boundText } from '../masking/text.ts';

export interface ReadFailure {
  /** Id of the message where that could be read. */
  readonly id: string | undefined;
  readonly error: PiculusError;
}

export type MessageReader = (
  frame: string,
) => { readonly message: ServerMessage } | { readonly failure: ReadFailure };

const DETAIL_LENGTH = 300;

/** What of a zod schema is needed here, so that the readers of all types fit in one table. */
interface Schema {
  safeParse(raw: unknown):
    | { readonly success: true; readonly data: ServerMessage }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] };
      };
}

/**
 * Builds the schemas once; made when a client is made, because imports do no work. A `fix` may hold hundreds of commands,
 * so that its schema alone is worth being compiled.
 */
export function createMessageReader(): MessageReader {
  const schemas: { readonly [T in ServerMessageType]: () => Schema } = {
    welcome: plain(messageSchema('welcome', SERVER_MESSAGES.welcome)),
    collect: plain(messageSchema('collect', SERVER_MESSAGES.collect)),
    'cancel-collect': plain(messageSchema('cancel-collect', SERVER_MESSAGES['cancel-collect'])),
    fix: compiledSchema(messageSchema('fix', SERVER_MESSAGES.fix)),
    halt: plain(messageSchema('halt', SERVER_MESSAGES.halt)),
    preview: plain(messageSchema('preview', SERVER_MESSAGES.preview)),
    reveal: plain(messageSchema('reveal', SERVER_MESSAGES.reveal)),
    'server-keys': plain(messageSchema('server-keys', SERVER_MESSAGES['server-keys'])),
    ack: plain(messageSchema('ack', SERVER_MESSAGES.ack)),
    error: plain(messageSchema('error', SERVER_MESSAGES.error)),
  };
  return (frame) => {
    let id: string | undefined;
    try {
      const raw = readFrame(frame);
      id = raw.id;
      if (!isServerMessageType(raw.type)) {
        throw new PiculusError('unknown-type', `"${boundText(raw.type, DETAIL_LENGTH)}" is not known here`);
      }
      return { message: checked(schemas[raw.type](), raw) };
    } catch (error) {
      return { failure: { id, error: error instanceof PiculusError ? error : new PiculusError('internal') } };
    }
  };
}

/** The schema as the library reads it. */
const plain = (schema: Schema) => (): Schema => schema;

function isServerMessageType(type: string): type is ServerMessageType {
  return Object.hasOwn(SERVER_MESSAGES, type);
}

/** @throws PiculusError `invalid-field`, naming the field. */
function checked(schema: Schema, raw: unknown): ServerMessage {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  throw new PiculusError(
    'invalid-field',
    boundText(`${field}: ${issue?.message ?? 'not valid'}`, DETAIL_LENGTH),
  );
}

/** A body that is JSON already, so that a large one is written once, however often it is sent. */
export class WrittenBody<T extends ClientMessageType> {
  readonly type: T;
  readonly json: string;

  constructor(type: T, json: string) {
    this.type = type;
    this.json = json;
  }
}

/** What a message carries. */
export type Body<T extends ClientMessageType> = ClientMessageBody<T> | WrittenBody<T>;

/** A message of this client as a frame. */
export function writeMessage<T extends ClientMessageType>(
  clock: Clock,
  id: string,
  type: T,
  body: Body<T>,
): string {
  const json = body instanceof WrittenBody ? body.json : JSON.stringify(body);
  const envelope = JSON.stringify({ v: PROTOCOL_VERSION, id, at: clock.now().toISOString(), type });
  return `${envelope.slice(0, -1)},"body":${json}}`;
}
