// `herald exit`: asks every node, by its admin interface, to drain and exit.

import type { Command } from 'commander'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import { confirm } from '../cli/confirmation.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showPlural } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'

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
  return reportProblems(terminal, round)
}
