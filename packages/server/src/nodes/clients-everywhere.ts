/**
 * The clients of all nodes, as people reach them: what a browser asks at one node is asked of a client at another, by
 * mail. A client that is connected here comes first.
 */
import {
  CLIENT_MESSAGES,
  ERROR_CODES,
  PiculusError,
  type PreviewResult,
  type Revealed,
  SERVER_MESSAGES,
} from '@piculus/protocol';
import { z } from 'zod';
import type { Context, Sessions } from '../base/services.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { Questions } from '../gateway/questions.ts';
import { findNodeWithFix } from '../store/nodes.ts';
import type { NodeMail } from './mail.ts';

const QUESTION_MS = 15_000;
/** Questions of others that are under way here. */
const ASKED_MAX = 200;

const questionSchema = z.discriminatedUnion('what', [
  z.object({
    what: z.literal('preview'),
    id: z.string(),
    sysCode: z.string(),
    request: SERVER_MESSAGES.preview.omit({ previewId: true }),
  }),
  z.object({
    what: z.literal('reveal'),
    id: z.string(),
    sysCode: z.string(),
    request: SERVER_MESSAGES.reveal.omit({ revealId: true }),
  }),
]);
type Question = z.infer<typeof questionSchema>;

const answerSchema = z.discriminatedUnion('ok', [
  z.object({ id: z.string(), ok: z.literal(true), result: z.unknown() }),
  z.object({ id: z.string(), ok: z.literal(false), code: z.enum(ERROR_CODES), detail: z.string() }),
]);
type Answer = z.infer<typeof answerSchema>;

const tellSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('close-key'), keyId: z.string() }),
  z.object({ what: z.literal('close-system'), sysCode: z.string() }),
  z.object({ what: z.literal('cancel-collect'), clientId: z.string(), commandId: z.string() }),
  z.object({ what: z.literal('recheck') }),
  z.object({ what: z.literal('keys-changed') }),
]);
export type Tell = z.infer<typeof tellSchema>;

export interface ClientsEverywhere
  extends Sessions,
    Pick<Gateway, 'preview' | 'reveal' | 'announceKeys' | 'cancelCollect' | 'closeByKey' | 'closeBySystem'> {
  /** Lets the other nodes do at once what they would find out to do a little later. Never throws. */
  tell(tell: Tell): void;
}

export interface EverywhereParts {
  readonly gateway: Gateway;
  readonly mail: NodeMail;
  readonly hasOthers: () => boolean;
  /** What this node does when another tells it to; connections and collects are seen to here. */
  readonly told: {
    /** Readers may see something else by now. */
    recheck(): Promise<void>;
    /** The signing keys changed. */
    keysChanged(): Promise<void>;
  };
}

export function createClientsEverywhere(context: Context, parts: EverywhereParts): ClientsEverywhere {
  const { gateway, mail } = parts;
  const { clock, db, log } = context;
  const waiting = new Questions<unknown>();
  let asked = 0;

  function send(kind: 'ask' | 'answer' | 'tell', to: string | null, body: unknown): void {
    mail.send(kind, to, body).catch((error: unknown) => {
      log.warn({ err: error, kind }, 'another node could not be told');
    });
  }

  mail.on('answer', (_from, body) => {
    const { data } = answerSchema.safeParse(body);
    if (data === undefined) return;
    if (data.ok) waiting.answered(data.id, data.result);
    else waiting.refused(data.id, new PiculusError(data.code, data.detail));
  });

  mail.on('ask', (from, body) => {
    const { data } = questionSchema.safeParse(body);
    if (data === undefined) return;
    answer(data).then((reply) => send('answer', from, reply));
  });

  mail.on('tell', (_from, body) => {
    const { data } = tellSchema.safeParse(body);
    if (data === undefined) return;
    act(data).catch((error: unknown) =>
      log.warn({ err: error, what: data.what }, 'what another node told failed'),
    );
  });

  async function answer(question: Question): Promise<Answer> {
    const { id } = question;
    if (asked >= ASKED_MAX) return { id, ok: false, code: 'busy', detail: 'too many questions at a time' };
    asked += 1;
    try {
      const result =
        question.what === 'preview'
          ? await gateway.preview(question.sysCode, question.request)
          : await gateway.reveal(question.sysCode, question.request);
      return { id, ok: true, result };
    } catch (error) {
      const known = error instanceof PiculusError ? error : new PiculusError('internal');
      return { id, ok: false, code: known.code, detail: known.message };
    } finally {
      asked -= 1;
    }
  }

  async function act(tell: Tell): Promise<void> {
    if (tell.what === 'close-key') gateway.closeByKey(tell.keyId);
    else if (tell.what === 'close-system') gateway.closeBySystem(tell.sysCode);
    else if (tell.what === 'cancel-collect') gateway.cancelCollect(tell.clientId, tell.commandId);
    else if (tell.what === 'recheck') await parts.told.recheck();
    else await parts.told.keysChanged();
  }

  /** Asks the node that has such a client. @throws PiculusError `no-client` where none has. */
  async function askElsewhere(question: Question): Promise<unknown> {
    const { sysCode, request } = question;
    const notOn = [context.nodeId];
    const node = parts.hasOthers()
      ? await findNodeWithFix(db, { sysCode, fixCode: request.fixCode, notOn })
      : null;
    if (node === null) throw new PiculusError('no-client');
    return waiting.ask(question.id, {
      clock,
      timeoutMs: QUESTION_MS,
      send: () => mail.send('ask', node, question),
    });
  }

  const isNobodyHere = (error: unknown): boolean =>
    error instanceof PiculusError && error.code === 'no-client';
  const tell = (news: Tell): void => {
    if (parts.hasOthers()) send('tell', null, news);
  };

  return {
    all: () => gateway.all(),
    bySystem: (sysCode) => gateway.bySystem(sysCode),
    async preview(sysCode, request): Promise<PreviewResult> {
      try {
        return await gateway.preview(sysCode, request);
      } catch (error) {
        if (!isNobodyHere(error)) throw error;
        const question = { what: 'preview' as const, id: clock.uuid(), sysCode, request };
        return CLIENT_MESSAGES['preview-result'].parse(await askElsewhere(question));
      }
    },
    async reveal(sysCode, request): Promise<Revealed> {
      try {
        return await gateway.reveal(sysCode, request);
      } catch (error) {
        if (!isNobodyHere(error)) throw error;
        const question = { what: 'reveal' as const, id: clock.uuid(), sysCode, request };
        return CLIENT_MESSAGES.revealed.parse(await askElsewhere(question));
      }
    },
    announceKeys() {
      gateway.announceKeys();
      tell({ what: 'keys-changed' });
    },
    cancelCollect(clientId, commandId) {
      gateway.cancelCollect(clientId, commandId);
      const isHere = gateway.all().some((session) => session.clientId === clientId);
      if (!isHere) tell({ what: 'cancel-collect', clientId, commandId });
    },
    closeByKey(keyId) {
      gateway.closeByKey(keyId);
      tell({ what: 'close-key', keyId });
    },
    closeBySystem(sysCode) {
      gateway.closeBySystem(sysCode);
      tell({ what: 'close-system', sysCode });
    },
    tell,
  };
}
