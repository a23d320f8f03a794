/**
 * Shows unmasked values of one record to a person who asked for them with a reason. Only fields that are declared
 * personal can be asked for, and the values go into the answer and nowhere else: not into the journal, not into logs.
 */
import { LIMITS, PiculusError, type Revealed, type ServerMessageBody } from '@piculus/protocol';
import { isPersonalField, type PersonalFields } from '../masking/facts.ts';
import { storable } from '../masking/text.ts';
import type { AnyFix } from '../runner/any-fix.ts';
import { GiveUp } from '../runner/give-up.ts';

export interface RevealsOptions<Tx> {
  readonly fixes: ReadonlyMap<string, AnyFix<Tx>>;
  readonly personal: PersonalFields;
  deliver(body: Revealed, signal: AbortSignal): Promise<void>;
}

const REVEALS_AT_ONCE = 4;

export class Reveals<Tx> {
  readonly #options: RevealsOptions<Tx>;
  readonly #running = new Map<string, AbortController>();

  constructor(options: RevealsOptions<Tx>) {
    this.#options = options;
  }

  /** @throws PiculusError `unknown-fix`, `cannot-reveal`, `busy`. */
  accept(request: ServerMessageBody<'reveal'>): void {
    if (this.#running.has(request.revealId)) return;
    const fix = this.#options.fixes.get(request.fixCode);
    if (!fix) throw new PiculusError('unknown-fix');
    if (!fix.reveal) throw new PiculusError('cannot-reveal');
    const personal = [...this.#options.personal, ...(fix.personal ?? [])];
    if (!request.fields.every((field) => isPersonalField(personal, field)))
      throw new PiculusError('cannot-reveal', 'only fields that are declared personal can be shown');
    if (this.#running.size >= REVEALS_AT_ONCE) throw new PiculusError('busy');
    const controller = new AbortController();
    this.#running.set(request.revealId, controller);
    void this.#run(fix, request, controller.signal);
  }

  stop(): void {
    for (const controller of this.#running.values()) controller.abort(new GiveUp('stopping'));
  }

  async #run(fix: AnyFix<Tx>, request: ServerMessageBody<'reveal'>, signal: AbortSignal): Promise<void> {
    const { revealId, businessKey, fields } = request;
    try {
      const found = new Map(Object.entries((await fix.reveal?.({ businessKey, fields }, signal)) ?? {}));
      const values = fields.map((field) => {
        const value = found.get(field);
        const text = typeof value === 'string' ? storable(value).slice(0, LIMITS.factTextLength) : null;
        return { field, value: text };
      });
      await this.#options.deliver({ revealId, values }, signal);
    } catch {
      // Whoever asked has a timeout; what went wrong may quote the very values, so nothing of it is told.
    } finally {
      this.#running.delete(revealId);
    }
  }
}
