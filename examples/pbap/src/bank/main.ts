/** The bank as a process of its own. Settings are in config.ts; it prints one JSON line when it is ready. */
import { systemClock } from '../shared/clock.ts';
import { jsonLog, reasonOf } from '../shared/log.ts';
import { runUntilToldToStop } from '../shared/program.ts';
import { yesNo } from '../shared/settings.ts';
import { readBankConfig } from './config.ts';
import { startBank } from './start.ts';

const log = jsonLog('bank', process.stderr, systemClock.now);
try {
  const config = readBankConfig(process.env);
  const running = await startBank({ ...config, log });
  const stopOnStdinEnd = yesNo(process.env, 'STOP_ON_STDIN_END', false);
  runUntilToldToStop(
    process,
    { part: 'bank', url: running.url, profile: config.profile },
    running,
    stopOnStdinEnd,
  );
} catch (error) {
  log.error('the bank cannot start', { reason: reasonOf(error) });
  process.exitCode = 1;
}
