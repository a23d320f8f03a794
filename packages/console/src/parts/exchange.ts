/** Finds, among the messages of a problem, the command that an execution was and the answer to it. */
import type { Message } from '@piculus/protocol/http';

export interface Exchange {
  readonly leaseId: string | null;
  /** This problem's part of the command and of the answer; null where the message is not kept. */
  readonly request: Part | null;
  readonly answer: Part | null;
}
export interface Part {
  readonly message: Message;
  readonly item: unknown;
}
export interface Sent {
  readonly problemId: string;
  readonly attempt: number;
  readonly commandKey: string;
}

export function exchangeOf(messages: readonly Message[], sent: Sent): Exchange {
  const request = find(
    messages,
    'fix',
    'items',
    (item) => isItemOf(item, sent) && item['attempt'] === sent.attempt,
  );
  const leaseId = request?.message.leaseId ?? null;
  const answer =
    leaseId === null
      ? null
      : find(
          messages.filter((message) => message.leaseId === leaseId),
          'fix-results',
          'results',
          (item) => isItemOf(item, sent),
        );
  return { leaseId, request, answer };
}

const isItemOf = (item: Fields, { problemId, commandKey }: Sent): boolean =>
  item['problemId'] === problemId && item['commandKey'] === commandKey;

type Fields = Readonly<Record<string, unknown>>;

function find(
  messages: readonly Message[],
  type: string,
  list: string,
  fits: (item: Fields) => boolean,
): Part | null {
  for (const message of messages) {
    if (message.type !== type || !isFields(message.payload)) continue;
    const items = message.payload[list];
    if (!Array.isArray(items)) continue;
    const item = items.find((each) => isFields(each) && fits(each));
    if (item !== undefined) return { message, item };
  }
  return null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
