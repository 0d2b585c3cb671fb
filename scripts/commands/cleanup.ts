// `herald cleanup`: clears journals, logs and node subscriptions on all nodes.

import type { Command } from 'commander'
import { formatBytes } from '../../node/config/quantity.ts'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import { confirm } from '../cli/confirmation.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showPlural } from '../cli/numbers.ts'
import type { ExitCode } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

export function registerCleanup(program: Command, act: Act): void {
  program
    .command('cleanup')
    .description('clear journals, logs and node subscriptions on all nodes; asks first')
    .addHelpText('after', example('herald cleanup --yes'))
    .action((_options: object, command: Command) => act(command, cleanNodes))
}

async function cleanNodes(context: Context): Promise<ExitCode> {
  const { terminal, fleet } = context
  const clients = await context.clients()
  const plan = await askAll(clients, (client) => client.files())
  for (const { node, value } of plan.answers) {
    const bytes = value.reduce((sum, file) => sum + file.bytes, 0)
    terminal.progress(
      `node ${node}: ${showPlural(value.length, 'file')}, ${formatBytes(bytes)} of journals, logs and subscriptions`,
    )
  }
  await confirm(context, 'Delete all of it?')
  const round = await askAll(clients, (client) => client.cleanup())
  const logsCleared = round.answers.length > 0 && (await fleet.clearLogs())
  // What those published would be owed to subscribers whose journals are gone.
  if (round.answers.length > 0) await fleet.clearFormerJournals()
  const nodes = round.answers.map(({ node, value }) => ({ node, ...value }))
  terminal.document({ nodes, logsCleared, ...toProblemFields(round) })
  const rows = nodes.map(({ node, removedFiles, removedBytes }) => [
    node,
    String(removedFiles),
    formatBytes(removedBytes),
  ])
  if (rows.length > 0) for (const line of toTable(['NODE', '>FILES', '>SIZE'], rows)) terminal.line(line)
  if (!logsCleared)
    terminal.progress(`what the nodes printed stays with the ${fleet.name} target until it is taken down`)
  return reportProblems(terminal, round)
}
