// Every command, in the order in which help lists them.

import type { Command } from 'commander'
import type { Act } from '../cli/context.ts'
import { registerAnalyze } from './analyze.ts'
import { registerCheck } from './check.ts'
import { registerCleanup } from './cleanup.ts'
import { registerCompletion } from './completion.ts'
import { registerDoctor } from './doctor.ts'
import { registerDown } from './down.ts'
import { registerExit } from './exit.ts'
import { registerFetch } from './fetch.ts'
import { registerFlood } from './flood.ts'
import { registerLog } from './log.ts'
import { registerMode } from './mode.ts'
import { registerNames } from './names.ts'
import { registerNode } from './node.ts'
import { registerPublish } from './publish.ts'
import { registerRead } from './read.ts'
import { registerSend } from './send.ts'
import { registerStatus } from './status.ts'
import { registerStream } from './stream.ts'
import { registerSubscribe } from './subscribe.ts'
import { registerSubscribers } from './subscribers.ts'
import { registerSubscriptions } from './subscriptions.ts'
import { registerUp } from './up.ts'

const registrations = [
  ...[registerUp, registerDown, registerStatus],
  ...[registerPublish, registerSubscribe, registerRead, registerSend, registerFlood],
  ...[registerSubscriptions, registerSubscribers, registerNames, registerStream, registerMode, registerNode],
  ...[registerFetch, registerCheck, registerAnalyze],
  ...[registerCleanup, registerExit, registerLog, registerDoctor, registerCompletion],
]

/** Adds all commands to the program. */
export function registerCommands(program: Command, act: Act): void {
  for (const register of registrations) register(program, act)
}
