// `herald up`: starts the cluster and returns when it is healthy.

import type { Command } from 'commander'
import { formatDuration } from '../../node/config/quantity.ts'
import { waitHealthy } from '../admin/health.ts'
import { parseCount } from '../cli/arguments.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showPlural } from '../cli/numbers.ts'
import { CommandError, type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { nodeCountMax } from '../fleet/local.ts'

const healthyTimeoutMs = 30_000

export function registerUp(program: Command, act: Act): void {
  program
    .command('up')
    .description('start the cluster; what runs already is left alone')
    .option(
      '--nodes <count>',
      `how many nodes, 1 to ${nodeCountMax} (default: those that were there last, or 5)`,
      parseCount,
    )
    .addHelpText('after', example('herald up --nodes 3'))
    .action((options: { readonly nodes?: number }, command: Command) =>
      act(command, (context) => startCluster(context, options.nodes)),
    )
}

async function startCluster(context: Context, nodeCount: number | undefined): Promise<ExitCode> {
  context.requireAll('without it, `herald up` starts every node that does not run')
  if (nodeCount !== undefined && nodeCount > nodeCountMax) {
    throw new CommandError(exitCodes.usage, `--nodes ${nodeCount} is more than ${nodeCountMax}`, {
      next: `use 1 to ${nodeCountMax}`,
    })
  }
  const { terminal, fleet, signal } = context
  const begin = performance.now()
  const result = await fleet.up({ nodeCount, signal, progress: (text) => terminal.progress(text) })
  const nodes = await fleet.nodes()
  const clients = nodes.map((node) => context.toClient(node))
  const { problems } = await waitHealthy(clients, healthyTimeoutMs, signal)
  terminal.document({ ...result, nodes, problems })
  for (const line of toTable(
    ['NODE', 'CLIENTS', 'ADMIN'],
    nodes.map((node) => [node.id, node.clientUrl, node.adminUrl]),
  )) {
    terminal.line(line)
  }
  for (const problem of problems) terminal.warn(problem)
  if (problems.length > 0) return exitCodes.unhealthy
  const what =
    result.started.length === 0 ? 'running already' : `ready in ${formatDuration(performance.now() - begin)}`
  terminal.progress(`${showPlural(nodes.length, 'node')}, ${what}`)
  return exitCodes.ok
}
