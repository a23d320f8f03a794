/** Something that the person who started the demo can put right; shown without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  /** 1 for a run that cannot go on, 2 for a command line that makes no sense. */
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
