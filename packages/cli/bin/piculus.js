#!/usr/bin/env node
import { main } from '../dist/main.js';

// An open connection to the server must not keep a finished command alive.
process.exit(await main(process.argv.slice(2)));
