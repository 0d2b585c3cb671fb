// `herald exit`: asks every node, by its admin interface, to drain and exit, and returns when it has.

import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import { confirm } from '../cli/confirmation.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showPlural } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'

/** Above what a node waits for its clients by default. */
const drainTimeoutMs = 30_000
const pollIntervalMs = 50

export function registerExit(program: Command, act: Act): void {
  program
    .command('exit')
    .description('stop all nodes gracefully; asks first')
    .addHelpText('after', example('herald exit --yes'))
    .action((_options: object, command: Command) => act(command, exitNodes))
}

async function exitNodes(context: Context): Promise<ExitCode> {
  const { terminal } = context
  if ((await context.fleet.running()).length === 0) {
    terminal.document({ exiting: [], refused: [], unreachable: [] })
    terminal.line('nothing was running')
    return exitCodes.ok
  }
  const clients = await context.clients()
  const names = clients.map((client) => client.node).join(', ')
  terminal.progress(`This stops ${showPlural(clients.length, 'node')}: ${names}. Their data stays.`)
  await confirm(context, 'Stop them?')
  const round = await askAll(clients, (client) => client.exit())
  const exiting = round.answers.map((answer) => answer.node)
  terminal.document({ exiting, ...toProblemFields(round) })
  if (exiting.length > 0)
    terminal.line(`${exiting.join(', ')} ${exiting.length === 1 ? 'drains and exits' : 'drain and exit'}`)
  const draining = await untilGone(context, exiting)
  for (const id of draining)
    terminal.warn(`node ${id} still drains after ${drainTimeoutMs / 1000} s; it ends by itself`)
  return reportProblems(terminal, round)
}

/** Whoever starts the nodes again must not take one that is about to end for one that runs. Returns those that still do. */
async function untilGone({ fleet, signal }: Context, ids: readonly string[]): Promise<readonly string[]> {
  const deadline = performance.now() + drainTimeoutMs
  for (;;) {
    const running = await fleet.running()
    const remaining = ids.filter((id) => running.includes(id))
    if (remaining.length === 0 || performance.now() > deadline) return remaining
    await delay(pollIntervalMs, undefined, { signal })
  }
}
