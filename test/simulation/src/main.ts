/** Loads the simulation with its seams and mutants in place: nothing of what it simulates is imported before that. */
import { register } from 'node:module';
import { readOptions } from './options.ts';
import { SEAMS } from './loader/patches.ts';
import { mutantOf } from './mutants.ts';

const options = readOptions(process.argv.slice(2));
const patches = [...SEAMS, ...options.mutants.flatMap((name) => [...mutantOf(name).patches])];
register('./loader/hooks.js', import.meta.url, { data: { patches } });
const { runSimulation } = await import('./runner.ts');
process.exitCode = await runSimulation(options);
