/**
 * The only place that writes. Results go to stdout, everything else to stderr; with `--json` stdout gets exactly
 * one JSON value, also when the command fails.
 */
import { SingleBar } from 'cli-progress';
import type { CliError } from './exit-codes.ts';
import { type Column, printable, renderTable } from './text-table.ts';

export interface Progress {
  update(done: number, total: number, words: string): void;
  stop(): void;
}

export interface Output {
  readonly json: boolean;
  /** The result: one JSON value, or the same as text for a person. */
  result(value: unknown, text: () => string): void;
  /** A message to the person, on stderr. */
  say(text: string): void;
  progress(title: string): Progress;
  fail(error: CliError): void;
}

export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether stderr is a terminal: a progress bar is drawn only there. */
  readonly stderrIsTerminal: boolean;
}

export const processStreams = (): Streams => ({
  stdout: (text) => console.log(text),
  stderr: (text) => console.error(text),
  stderrIsTerminal: process.stderr.isTTY,
});

export function createOutput(streams: Streams, json: boolean): Output {
  return {
    json,
    result: (value, text) => streams.stdout(json ? JSON.stringify(value) : text()),
    say: (text) => streams.stderr(text),
    progress: (title) => (streams.stderrIsTerminal ? drawnProgress(title) : toldProgress(title, streams)),
    fail: (error) => {
      const { code, message, details, exitCode } = error;
      if (json) streams.stdout(JSON.stringify({ error: { code, message, details, exitCode } }));
      streams.stderr(`piculus: ${printable(message)}`);
      for (const detail of details) streams.stderr(`  ${printable(detail)}`);
    },
  };
}

function drawnProgress(title: string): Progress {
  const bar = new SingleBar({
    format: `${title} {bar} {value}/{total} {words}`,
    hideCursor: true,
    clearOnComplete: false,
  });
  let started = false;
  return {
    update: (done, total, words) => {
      if (!started) bar.start(total, done, { words });
      else bar.update(done, { words });
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}

/** Without a terminal: one line whenever something moved, so that a log stays readable. */
function toldProgress(title: string, streams: Streams): Progress {
  let last = '';
  return {
    update: (done, total, words) => {
      const line = `${title} ${done}/${total} ${words}`;
      if (line !== last) streams.stderr(line);
      last = line;
    },
    stop: () => undefined,
  };
}

export function tableOf<T>(rows: readonly T[], columns: readonly Column<T>[], none: string): string {
  return rows.length === 0 ? none : renderTable(rows, columns);
}
