/** `npm start`: the demo. Its options are in demo/options.ts; --help shows them. */
import { demo } from './demo/demo.ts';

process.exitCode = await demo(process);
