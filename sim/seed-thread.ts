// A thread that runs the ranges of seeds that it is sent.

import { parentPort } from 'node:worker_threads'
import { runSeeds, type SeedRange } from './worlds.ts'

parentPort?.on('message', (range: SeedRange) => parentPort?.postMessage(runSeeds(range)))
