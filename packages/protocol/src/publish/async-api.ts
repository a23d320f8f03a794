/** The wire as an AsyncAPI 3.0 document. It describes the server: what it receives, what it sends. */
import { GATEWAY_PATH } from '../http/routes.ts';
import { LIMITS } from '../limits.ts';
import { PROTOCOL_VERSION } from '../messages/index.ts';
import { CLIENT_CONVERSATIONS, type Conversation, SERVER_CONVERSATIONS } from './conversations.ts';
import type { MessageOrigin } from './json-schemas.ts';

type Json = Record<string, unknown>;
const ref = (path: string): Json => ({ $ref: path });
/** `ack` and `error` go both ways, so a message's name says who sends it. */
const nameOf = (origin: MessageOrigin, type: string): string => `${type}-${origin}`;

const SIDES: ReadonlyArray<
  readonly [MessageOrigin, 'receive' | 'send', Readonly<Record<string, Conversation>>]
> = [
  ['from-client', 'receive', CLIENT_CONVERSATIONS],
  ['from-server', 'send', SERVER_CONVERSATIONS],
];

export function asyncApiDocument(): Json {
  const messages: Json = {};
  const inChannel: Json = {};
  const operations: Json = {};
  for (const [origin, action, conversations] of SIDES) {
    const answerOrigin: MessageOrigin = origin === 'from-client' ? 'from-server' : 'from-client';
    for (const [type, { summary, answers }] of Object.entries(conversations)) {
      const name = nameOf(origin, type);
      messages[name] = { name: type, summary, payload: ref(`./${origin}/${type}.json`) };
      inChannel[name] = ref(`#/components/messages/${name}`);
      operations[`${action}-${type}`] = {
        action,
        channel: ref('#/channels/gateway'),
        summary,
        messages: [ref(`#/channels/gateway/messages/${name}`)],
        ...(answers.length === 0 ? {} : { reply: replyOf(answerOrigin, answers) }),
      };
    }
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Piculus wire protocol',
      version: String(PROTOCOL_VERSION),
      description:
        'What the server and the clients inside production systems say to each other. One JSON message per ' +
        `WebSocket text frame, at most ${LIMITS.messageBytes} bytes. docs/protocol.md tells the rules that no schema can hold.`,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      piculus: {
        host: '127.0.0.1:7070',
        protocol: 'ws',
        description: 'A server on this machine; use wss behind TLS',
        security: [ref('#/components/securitySchemes/systemKey')],
      },
    },
    channels: {
      gateway: { address: GATEWAY_PATH, servers: [ref('#/servers/piculus')], messages: inChannel },
    },
    operations,
    components: {
      messages,
      securitySchemes: {
        systemKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key of the system, in the Authorization header of the upgrade',
        },
      },
    },
  };
}

function replyOf(origin: MessageOrigin, types: readonly string[]): Json {
  return {
    channel: ref('#/channels/gateway'),
    messages: types.map((type) => ref(`#/channels/gateway/messages/${nameOf(origin, type)}`)),
  };
}
