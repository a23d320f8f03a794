/** The exit codes that scripts may rely on. docs/cli.md tells them; a number never changes its meaning. */
import { PiculusError } from '@piculus/protocol';
import { ApiError } from '@piculus/protocol/http';

export const EXIT = {
  ok: 0,
  /** Something went wrong that no other code names. */
  failure: 1,
  /** The command line, a file or a value in it is not valid; nothing was changed. */
  usage: 2,
  /** The server, or the database where the command needs it, cannot be reached or cannot work now. */
  unreachable: 3,
  /** Not signed in, or the session ended, or the account may not do it. */
  notSignedIn: 4,
  /** It ran, but not all of it is done: an incomplete collect, problems that were refused, a person is needed. */
  incomplete: 5,
  /** The server refused: no such thing, a state that does not allow it, a value that it does not take. */
  refused: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error with its exit code and words for a person. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** For programs, in the JSON answer. */
  readonly code: string;
  readonly details: readonly string[];

  constructor(exitCode: ExitCode, code: string, message: string, details: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.details = details;
  }
}

export const usageError = (message: string, details: readonly string[] = []): CliError =>
  new CliError(EXIT.usage, 'bad-usage', message, details);

/** @returns what any thrown value means for the caller of the command. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ApiError) {
    const details = error.fields.map(({ field, reason }) => `${field}: ${reason.en} (${reason.zh})`);
    if (error.code === 'not-signed-in') {
      details.push('sign in with: piculus login --url URL --user NAME');
    }
    if (error.code === 'unreachable')
      details.push('is the server running? "piculus doctor" looks for the reason');
    const about = error.requestId === null ? '' : ` (request ${error.requestId})`;
    return new CliError(exitCodeOf(error), error.code, `${error.message}${about}`, details);
  }
  if (error instanceof PiculusError) {
    const details = error.fields.map(({ field, reason }) => `${field}: ${reason.en} (${reason.zh})`);
    return new CliError(
      error.code === 'database-away' ? EXIT.unreachable : EXIT.failure,
      error.code,
      error.message,
      details,
    );
  }
  return new CliError(EXIT.failure, 'failure', error instanceof Error ? error.message : String(error));
}

function exitCodeOf(error: ApiError): ExitCode {
  switch (error.code) {
    case 'unreachable':
    case 'database-away':
    case 'stopping':
      return EXIT.unreachable;
    case 'not-signed-in':
    case 'not-allowed':
      return EXIT.notSignedIn;
    default:
      return error.status >= 400 && error.status < 500 ? EXIT.refused : EXIT.failure;
  }
}
