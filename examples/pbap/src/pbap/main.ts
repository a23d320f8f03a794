/** One process of PBAP. Settings are in config.ts; it prints one JSON line when it is ready. */
import { systemClock } from '../shared/clock.ts';
import { jsonLog, reasonOf } from '../shared/log.ts';
import { runUntilToldToStop } from '../shared/program.ts';
import { text, yesNo } from '../shared/settings.ts';
import { openTracing } from '../shared/tracing.ts';
import { readPbapConfig } from './config.ts';
import { startPbap } from './start.ts';

const log = jsonLog('pbap', process.stderr, systemClock.now);
try {
  const config = readPbapConfig(process.env);
  const otlpUrl = text(process.env, 'PBAP_OTLP_URL', 'none');
  const endTracing = otlpUrl === 'none' ? null : await openTracing(otlpUrl, config.sysCode.toLowerCase());
  const pbap = await startPbap(config, { log });
  const running = {
    ...pbap,
    stop: async () => {
      await pbap.stop();
      await endTracing?.();
    },
  };
  const stopOnStdinEnd = yesNo(process.env, 'STOP_ON_STDIN_END', false);
  const ready = { part: config.sysCode, instance: config.instance, url: running.url };
  runUntilToldToStop(process, ready, running, stopOnStdinEnd);
} catch (error) {
  log.error('PBAP cannot start', { reason: reasonOf(error) });
  process.exitCode = 1;
}
