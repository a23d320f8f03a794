/**
 * What somebody was told to be done: one line on disk before anything else happens to it. Whatever is in here must
 * be in the databases at the end, whoever died in between.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The server acknowledged a report, a result, a click or a collect; the front door took an order. */
export type Testimony =
  | {
      readonly kind: 'report';
      readonly sysCode: string;
      readonly problems: ReadonlyArray<{ readonly fixCode: string; readonly businessKey: string }>;
    }
  | { readonly kind: 'result'; readonly leaseId: string; readonly problemIds: readonly string[] }
  | { readonly kind: 'click'; readonly problemId: string }
  | { readonly kind: 'collection'; readonly id: string }
  | { readonly kind: 'order'; readonly sysCode: string; readonly orderNo: string };

export class Witness {
  readonly all: Testimony[] = [];
  readonly #file: number;

  constructor(folder: string) {
    this.#file = openSync(join(folder, 'witness.jsonl'), 'w', 0o600);
  }

  saw(testimony: Testimony): void {
    writeSync(this.#file, `${JSON.stringify(testimony)}\n`);
    fdatasyncSync(this.#file);
    this.all.push(testimony);
  }

  close(): void {
    closeSync(this.#file);
  }
}
