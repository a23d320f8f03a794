/**
 * The one table of errors: code, meaning, whether trying again can help, HTTP status.
 * Nothing is ever recognised by its text; the code is the contract.
 */
export interface ErrorRule {
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: { readonly en: string; readonly zh: string };
}

const rule = (status: number, retryable: boolean, en: string, zh: string): ErrorRule => ({
  status,
  retryable,
  meaning: { en, zh },
});

export const ERRORS = {
  // Requests and fields.
  'invalid-field': rule(422, false, 'one or more fields are not valid', '一个或多个字段无效'),
  'invalid-request': rule(400, false, 'the request could not be read', '请求无法解析'),
  'too-large': rule(413, false, 'larger than the limit allows', '超过大小限制'),
  'too-many-requests': rule(429, true, 'too many requests; wait and try again', '请求过多，请稍后再试'),
  'idempotency-key-reused': rule(
    409,
    false,
    'this Idempotency-Key was used with another request',
    '该 Idempotency-Key 已用于不同的请求',
  ),
  'idempotency-key-running': rule(
    409,
    true,
    'a request with this Idempotency-Key is still running',
    '使用该 Idempotency-Key 的请求仍在处理',
  ),
  // Identity.
  'not-signed-in': rule(401, false, 'sign in first', '请先登录'),
  'not-allowed': rule(403, false, 'this account may not do that', '该账号无此权限'),
  'password-change-required': rule(403, false, 'change the one-time password first', '请先修改一次性密码'),
  'second-factor-required': rule(
    403,
    false,
    'a second factor is needed: give its code, or set one up first',
    '需要第二验证因素：请输入验证码，或先完成设置',
  ),
  'reauthentication-required': rule(
    403,
    false,
    'confirm who you are first: this act needs a sign-in of the last few minutes',
    '此操作需要重新验证身份',
  ),
  'approval-required': rule(
    409,
    false,
    'a second person has to approve this; nothing was done',
    '需要他人审批，尚未执行任何操作',
  ),
  'unknown-key': rule(401, false, 'the system key is not known or was revoked', '系统密钥未知或已吊销'),
  // Things and their states.
  'not-found': rule(404, false, 'there is no such thing', '未找到'),
  'already-exists': rule(409, false, 'it exists already', '已存在'),
  'wrong-state': rule(409, false, 'its state does not allow that', '当前状态不允许此操作'),
  'already-executing': rule(409, true, 'it is being executed just now', '正在执行中'),
  'already-requested': rule(409, false, 'a run of it waits for a client already', '已有一次执行在等待客户端'),
  'no-solution': rule(409, false, 'no solution is configured for it', '未配置修复方案'),
  'solution-disabled': rule(409, false, 'its solution is disabled', '修复方案已失效'),
  'no-client': rule(503, true, 'no client of that system is connected', '该系统没有已连接的客户端'),
  'reason-required': rule(422, false, 'say why', '请填写原因'),
  // Parts that are away.
  'database-away': rule(
    503,
    true,
    'the database cannot be reached; nothing was lost',
    '数据库暂不可用，数据未丢失',
  ),
  stopping: rule(503, true, 'the server is stopping', '服务正在停止'),
  internal: rule(
    500,
    true,
    'an unexpected fault; it is in the log under the request id',
    '意外错误，详见日志',
  ),
  // Messages between server and client.
  'broken-json': rule(400, false, 'the message is not JSON', '消息不是有效的 JSON'),
  'too-deep': rule(400, false, 'the message is nested too deeply', '消息嵌套过深'),
  'forbidden-key': rule(400, false, 'the message has a forbidden object key', '消息包含被禁止的键'),
  'wrong-version': rule(400, false, 'the protocol version is not spoken here', '不支持的协议版本'),
  'wrong-system': rule(403, false, 'the message speaks for another system', '消息所属系统与连接不符'),
  'unknown-type': rule(400, false, 'the message type is not known', '未知的消息类型'),
  'out-of-order': rule(409, false, 'this message is not expected now', '消息顺序不正确'),
  'stale-lease': rule(
    409,
    false,
    'the lease was taken away; its answer comes too late',
    '租约已失效，应答过期',
  ),
  'unknown-command': rule(404, false, 'no such command is open', '没有该命令'),
  'unknown-fix': rule(404, false, 'this client has no such fix', '客户端没有该修复服务'),
  busy: rule(503, true, 'no free place; try again later', '没有空闲的执行位'),
  halted: rule(
    409,
    true,
    'automatic repair was stopped before this began',
    '自动修复已停止，该批次未开始执行',
  ),
  'payload-changed': rule(
    409,
    false,
    'the same command key came with another payload; a person must look',
    '同一命令键的内容不同，须人工检查',
  ),
  // Signed commands.
  'command-unsigned': rule(403, false, 'the command is not signed', '命令没有签名'),
  'command-key-unknown': rule(
    403,
    false,
    'the command is signed by a key that this client does not trust',
    '签名密钥不受该客户端信任',
  ),
  'command-forged': rule(
    403,
    false,
    'the signature does not fit the command; it was changed or is for another client',
    '签名与命令不符：命令被改动或属于其他客户端',
  ),
  'command-expired': rule(403, false, 'the command came after its expiry', '命令已过期'),
  'command-too-early': rule(
    403,
    false,
    'the command is not valid yet; check the clocks',
    '命令尚未生效，请检查时钟',
  ),
  'evidence-mismatch': rule(
    409,
    false,
    'the answer is for other evidence than the command was sent for',
    '应答所依据的证据与下发的命令不符',
  ),
  'cannot-reveal': rule(409, false, 'the fix does not show these values', '该修复服务不提供这些明文'),
  'not-ready': rule(503, true, 'this node cannot do all of its work now', '该节点暂时无法正常工作'),
  'no-signing-key': rule(
    503,
    true,
    'the server has no key to sign commands with',
    '服务端没有可用的签名密钥',
  ),
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** One field that is not valid, with the reason in both languages. */
export interface FieldError {
  readonly field: string;
  readonly reason: { readonly en: string; readonly zh: string };
}

/** An error that may cross the wire. `detail` is for people; `code` is for programs. */
export class PiculusError extends Error {
  override readonly name = 'PiculusError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];

  constructor(code: ErrorCode, detail?: string, fields: readonly FieldError[] = []) {
    super(detail ?? ERRORS[code].meaning.en);
    this.code = code;
    this.fields = fields;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}
