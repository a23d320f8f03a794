/**
 * Loaded first by programs that live as long as a test: they end before the better code of WebAssembly's second
 * compiler has paid for its making, which takes a database in a process of its own a second or two.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--liftoff-only');
