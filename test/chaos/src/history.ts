/** What happens in a run, as it happens: one line of JSON each, and on the screen what a person wants to see. */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export interface Entry {
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export class History {
  readonly folder: string;
  readonly startedAt = Date.now();
  readonly entries: Entry[] = [];
  readonly #file: WriteStream;
  readonly #say: (line: string) => void;

  constructor(folder: string, say: (line: string) => void) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.#say = say;
    this.#file = createWriteStream(join(folder, 'history.jsonl'), { flags: 'w' });
  }

  get nowMs(): number {
    return Date.now() - this.startedAt;
  }

  /** Written only. */
  note(what: string, detail: Readonly<Record<string, unknown>> = {}): void {
    const entry = { atMs: this.nowMs, what, detail };
    this.entries.push(entry);
    this.#file.write(`${JSON.stringify(entry)}\n`);
  }

  /** Written and shown. */
  tell(what: string, detail: Readonly<Record<string, unknown>> = {}): void {
    this.note(what, detail);
    const more = Object.entries(detail)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
    this.#say(`${(this.nowMs / 1000).toFixed(1).padStart(7)} s  ${what}${more === '' ? '' : `  ${more}`}`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#file.end(() => resolve()));
  }
}
