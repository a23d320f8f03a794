/** Reads the messages that pass a proxy, and writes down what the server acknowledged. */
import type { MessageDirection } from './proxy/websocket.ts';
import type { Testimony, Witness } from './witness.ts';

type Fields = Readonly<Record<string, unknown>>;
const WAITING_MAX = 5_000;

export class Observer {
  readonly #sysCode: string;
  readonly #witness: Witness;
  /** What was sent, by the id of its message. */
  readonly #sent = new Map<string, Testimony>();

  constructor(sysCode: string, witness: Witness) {
    this.#sysCode = sysCode;
    this.#witness = witness;
  }

  saw(direction: MessageDirection, text: string): void {
    if (!/"type":"(ack|problems|fix-results)"/.test(text.slice(0, 400)) && text.length > 4_000) return;
    const message = parse(text);
    if (message === null) return;
    const { type, id, body } = message;
    if (typeof id !== 'string' || !isFields(body)) return;
    if (direction === 'to-server') {
      const told = type === 'problems' ? this.#report(body) : type === 'fix-results' ? result(body) : null;
      if (told !== null) this.#remember(id, told);
    } else if (type === 'ack' && typeof body.re === 'string') {
      const told = this.#sent.get(body.re);
      this.#sent.delete(body.re);
      if (told !== undefined) this.#witness.saw(told);
    }
  }

  #report(body: Fields): Testimony {
    const problems = list(body.problems).map((problem) => ({
      fixCode: String(problem.fixCode),
      businessKey: String(problem.businessKey),
    }));
    return { kind: 'report', sysCode: this.#sysCode, problems };
  }

  #remember(id: string, told: Testimony): void {
    this.#sent.set(id, told);
    const oldest = this.#sent.size > WAITING_MAX ? this.#sent.keys().next().value : undefined;
    if (oldest !== undefined) this.#sent.delete(oldest);
  }
}

function result(body: Fields): Testimony {
  return {
    kind: 'result',
    leaseId: String(body.leaseId),
    problemIds: list(body.results).map(({ problemId }) => String(problemId)),
  };
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}
