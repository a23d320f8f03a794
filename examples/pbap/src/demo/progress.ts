/** What the demo tells the person in front of the terminal; always on stderr. */
import cliProgress from 'cli-progress';

export interface Progress {
  say(line: string): void;
  /** Shows how far something is; the same label moves its bar. */
  step(label: string, done: number, total: number): void;
  /** Ends the bar, if there is one. */
  end(): void;
}

export function createProgress(out: NodeJS.WriteStream): Progress {
  let bar: cliProgress.SingleBar | null = null;
  let label = '';
  const end = (): void => {
    bar?.stop();
    bar = null;
    label = '';
  };
  return {
    say(line) {
      end();
      out.write(`${line}\n`);
    },
    step(next, done, total) {
      // Without a terminal a bar is noise; the lines in between say enough.
      if (!out.isTTY) return;
      if (bar === null || label !== next) {
        end();
        label = next;
        bar = new cliProgress.SingleBar({
          stream: out,
          format: `{label} {bar} {value}/{total}`,
          barCompleteChar: '#',
          barIncompleteChar: '.',
          clearOnComplete: false,
          hideCursor: true,
        });
        bar.start(Math.max(total, 1), done, { label: next });
        return;
      }
      bar.setTotal(Math.max(total, 1));
      bar.update(done);
    },
    end,
  };
}
