/** Answers what a fix would do now. Nothing is written; a preview is worth little and never retried for long. */
import { type PreviewResult, PiculusError, type ServerMessageBody } from '@piculus/protocol';
import type { Command } from '../fix.ts';
import { GiveUp } from '../runner/give-up.ts';
import type { AnyFix } from '../runner/any-fix.ts';
import type { Runner } from '../runner/runner.ts';

export interface PreviewsOptions<Tx> {
  readonly fixes: ReadonlyMap<string, AnyFix<Tx>>;
  readonly runner: Runner<Tx>;
  deliver(body: PreviewResult, signal: AbortSignal): Promise<void>;
}

/** Previews read the production database too, so they are few. */
const PREVIEWS_AT_ONCE = 4;

export class Previews<Tx> {
  readonly #options: PreviewsOptions<Tx>;
  readonly #running = new Map<string, AbortController>();

  constructor(options: PreviewsOptions<Tx>) {
    this.#options = options;
  }

  /** @throws PiculusError `unknown-fix`, `busy`. */
  accept(request: ServerMessageBody<'preview'>): void {
    if (this.#running.has(request.previewId)) return;
    const fix = this.#options.fixes.get(request.fixCode);
    if (!fix) throw new PiculusError('unknown-fix');
    if (this.#running.size >= PREVIEWS_AT_ONCE) throw new PiculusError('busy');
    const controller = new AbortController();
    this.#running.set(request.previewId, controller);
    void this.#run(fix, request, controller.signal);
  }

  stop(): void {
    for (const controller of this.#running.values()) controller.abort(new GiveUp('stopping'));
  }

  async #run(fix: AnyFix<Tx>, request: ServerMessageBody<'preview'>, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#options.runner.preview(fix, request.previewId, asCommand(request), signal);
      await this.#options.deliver(result, signal);
    } catch {
      // Whoever asked has a timeout and asks again; there is nothing to be kept.
    } finally {
      this.#running.delete(request.previewId);
    }
  }
}

function asCommand(request: ServerMessageBody<'preview'>): Command {
  const { previewId, fixCode, businessKey, scenario, commandKey, amountMinor, currency } = request;
  return {
    commandKey: commandKey ?? `preview/${previewId}`,
    fixCode,
    businessKey,
    scenario,
    amountMinor: amountMinor ?? '0',
    currency: currency ?? 'XXX',
    attempt: 1,
    trigger: 'click',
    previousOutcome: null,
  };
}
