/** The log: one JSON line per event, on stderr, so that stdout stays free for what programs read. */
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function createLogger(level: LogLevel, stream?: DestinationStream): Logger {
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      base: null,
      redact: [
        'authorization',
        'cookie',
        'password',
        'key',
        'token',
        '*.authorization',
        '*.cookie',
        '*.password',
      ],
    },
    // Written at once: a process that is killed has said what it had to say.
    stream ?? destination({ fd: 2, sync: true }),
  );
}
