/** `npm start`: the demo. Its options are in demo/options.ts; --help shows them. */
import { demo } from './demo/demo.ts';

// Started by another program, the demo stops with it; watching for that must not keep it alive.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();

process.exitCode = await demo(process);
