/** What each message is for and which messages answer it: the part of the protocol that no schema holds. */
import type { ClientMessageType, ServerMessageType } from '../messages/index.ts';

export interface Conversation {
  readonly summary: string;
  /** Types that answer it; none where nothing is sent back when all is well. */
  readonly answers: readonly string[];
}

export const CLIENT_CONVERSATIONS = {
  hello: {
    summary: 'First message on a connection: who this client is and what it can do',
    answers: ['welcome', 'error'],
  },
  heartbeat: {
    summary: 'The client is alive; renews the leases and collects that it names',
    answers: ['ack', 'error'],
  },
  problems: {
    summary: 'A batch of found problems; acknowledged after its commit',
    answers: ['ack', 'error'],
  },
  'collect-progress': { summary: 'How far a running collect came', answers: ['ack', 'error'] },
  'collect-done': {
    summary: 'The honest end of a collect; acknowledged after its commit',
    answers: ['ack', 'error'],
  },
  'fix-results': {
    summary: 'What became of items of a lease; acknowledged after its commit',
    answers: ['ack', 'error'],
  },
  halted: {
    summary: 'Items of leases that were not begun when halt came; acknowledged after its commit',
    answers: ['ack', 'error'],
  },
  leaving: {
    summary: 'The client takes nothing more; what it has not acknowledged before this, it will not do',
    answers: ['ack', 'error'],
  },
  'preview-result': { summary: 'What the fix would do now; answers a preview', answers: ['ack', 'error'] },
  revealed: { summary: 'The unmasked values that a reveal asked for', answers: ['ack', 'error'] },
  ack: { summary: 'The client has the message that "re" names', answers: [] },
  error: { summary: 'The client will not do what the message that "re" names asks', answers: [] },
} as const satisfies Record<ClientMessageType, Conversation>;

export const SERVER_CONVERSATIONS = {
  welcome: { summary: 'Answers hello', answers: [] },
  collect: { summary: 'Find problems; ended by collect-done', answers: ['ack', 'error'] },
  'cancel-collect': { summary: 'Stop a collect; what was reported stays', answers: ['ack', 'error'] },
  fix: {
    summary: 'Repair these under one lease; ended by fix-results for every item',
    answers: ['ack', 'error'],
  },
  halt: {
    summary: 'Begin nothing more of these leases; followed by halted where something was not begun',
    answers: ['ack', 'error'],
  },
  preview: { summary: 'What would the fix do now? Nothing is written', answers: ['preview-result', 'error'] },
  reveal: { summary: 'Show unmasked values of one record', answers: ['revealed', 'error'] },
  'server-keys': {
    summary: "The server's public keys changed; a client that follows may take them",
    answers: ['ack', 'error'],
  },
  ack: { summary: 'The server has stored the message that "re" names', answers: [] },
  error: { summary: 'The server refuses a message', answers: [] },
} as const satisfies Record<ServerMessageType, Conversation>;
