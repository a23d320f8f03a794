/** What a caller of the HTTP API gets instead of an answer. Decide by `code`, never by the text. */
import type { ErrorCode, FieldError } from '../errors.ts';
import { ERRORS } from '../errors.ts';
import type { ProblemDetails } from './resources.ts';
import { problemDetailsSchema } from './resources.ts';

/** The server's codes, and two for answers that did not come from it or could not be read. */
export type ApiErrorCode = ErrorCode | 'unreachable' | 'unreadable-answer';

export interface ApiErrorInit {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly meaning: { readonly en: string; readonly zh: string };
  /** One English sentence about this case. */
  readonly detail: string;
  readonly retryable: boolean;
  readonly requestId?: string | undefined;
  readonly fields?: readonly FieldError[] | undefined;
  readonly cause?: unknown;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly status: number;
  readonly meaning: { readonly en: string; readonly zh: string };
  readonly retryable: boolean;
  /** Names the request in the server's log; null where no answer came. */
  readonly requestId: string | null;
  /** The fields that are not valid, with the reason in both languages. */
  readonly fields: readonly FieldError[];

  constructor(init: ApiErrorInit) {
    super(init.detail, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.status = init.status;
    this.meaning = init.meaning;
    this.retryable = init.retryable;
    this.requestId = init.requestId ?? null;
    this.fields = init.fields ?? [];
  }
}

/** The request did not reach a server, or the connection ended before the answer did. */
export function unreachable(url: string, cause: unknown): ApiError {
  return new ApiError({
    code: 'unreachable',
    status: 0,
    meaning: {
      en: 'the server cannot be reached; look at the network, then try again',
      zh: '无法连接服务器，请检查网络后重试',
    },
    detail: `no answer from ${url}`,
    retryable: true,
    cause,
  });
}

/** What a reverse proxy answers while the server behind it is away; the server itself adds an error code. */
const GATEWAY_STATUS: ReadonlySet<number> = new Set([502, 503, 504]);

function behindGateway(status: number): ApiError {
  return new ApiError({
    code: 'unreachable',
    status,
    meaning: {
      en: 'the server does not answer; try again when it runs again',
      zh: '服务器没有应答，请待其恢复后重试',
    },
    detail: `HTTP status ${status} from what stands before the server`,
    retryable: true,
  });
}

/** Something answered, but not with what this version of the API says. */
export function unreadable(status: number, detail: string): ApiError {
  return new ApiError({
    code: 'unreadable-answer',
    status,
    meaning: { en: 'the answer could not be understood', zh: '无法解析服务器应答' },
    detail,
    retryable: status >= 500,
  });
}

export function fromProblemDetails(status: number, body: ProblemDetails): ApiError {
  return new ApiError({
    code: body.code,
    status,
    meaning: body.message,
    detail: body.detail,
    retryable: body.retryable,
    requestId: body.requestId,
    fields: body.fields,
  });
}

/** An error of the table, for answers that carry no problem details of ours. */
export function fromCode(code: ErrorCode, status: number, detail: string): ApiError {
  const { meaning, retryable } = ERRORS[code];
  return new ApiError({ code, status, meaning, detail, retryable });
}

/** @returns the error that this body of a refused request says. */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  const parsed = problemDetailsSchema.safeParse(body);
  if (parsed.success) return fromProblemDetails(status, parsed.data);
  if (GATEWAY_STATUS.has(status)) return behindGateway(status);
  return unreadable(status, `HTTP status ${status} without an error code`);
}
