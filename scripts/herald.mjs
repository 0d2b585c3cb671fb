#!/usr/bin/env node
// The command line, runnable from a fresh checkout on any Node from 18 on: `npx herald status`, `npm run herald -- status`.

import { runScript } from './runtime/execution.mjs'

runScript('scripts/cluster.ts', process.argv.slice(2))
