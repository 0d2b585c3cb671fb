// `herald subscriptions`: the subscriptions of the nodes themselves, kept in their data directories.

import type { Command } from 'commander'
import { formatDuration } from '../../node/config/quantity.ts'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import type { ExitCode } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

export function registerSubscriptions(program: Command, act: Act): void {
  const group = program.command('subscriptions').description("the nodes' own subscriptions")
  group
    .command('add')
    .description('subscribe node NODE to PATTERN')
    .argument('<node>', 'id of a node')
    .argument('<pattern>')
    .addHelpText('after', example("herald subscriptions add A 'orders.>'"))
    .action((node: string, pattern: string, _options: object, command: Command) =>
      act(command, (context) => change(context, 'PUT', node, pattern)),
    )
  group
    .command('remove')
    .description('end the subscription of node NODE to PATTERN')
    .argument('<node>', 'id of a node')
    .argument('<pattern>')
    .addHelpText('after', example("herald subscriptions remove A 'orders.>'"))
    .action((node: string, pattern: string, _options: object, command: Command) =>
      act(command, (context) => change(context, 'DELETE', node, pattern)),
    )
  group
    .command('list')
    .description('list the subscriptions of one node, or of all')
    .argument('[node]', 'id of a node')
    .addHelpText('after', example('herald subscriptions list'))
    .action((node: string | undefined, _options: object, command: Command) =>
      act(command, (context) => list(context, node)),
    )
}

async function change(
  context: Context,
  method: 'PUT' | 'DELETE',
  node: string,
  pattern: string,
): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll([await context.client(node)], (client) =>
    client.changeSubscription(method, pattern),
  )
  const changed = round.answers[0]?.value
  terminal.document({
    node,
    pattern,
    changed: changed ?? false,
    ...toProblemFields(round),
  })
  const verb = method === 'PUT' ? 'is subscribed' : 'is not subscribed'
  if (changed !== undefined)
    terminal.line(`node ${node} ${verb} to ${pattern}${changed ? '' : ' (as before)'}`)
  return reportProblems(terminal, round)
}

async function list(context: Context, node: string | undefined): Promise<ExitCode> {
  const { terminal } = context
  const clients = node === undefined ? await context.clients() : [await context.client(node)]
  const round = await askAll(clients, (client) => client.subscriptions())
  const nodes = round.answers.map((answer) => ({ node: answer.node, subscriptions: answer.value }))
  terminal.document({ nodes, ...toProblemFields(round) })
  const rows = nodes.flatMap(({ node: id, subscriptions }) =>
    subscriptions.map((subscription) => [
      id,
      subscription.pattern,
      subscription.streams.join(','),
      showCount(subscription.delivered),
      formatDuration(Math.max(0, Date.now() - subscription.since)),
    ]),
  )
  if (rows.length === 0 && round.answers.length > 0) terminal.line('no subscriptions')
  else
    for (const line of toTable(['NODE', 'PATTERN', 'STREAMS', '>DELIVERED', '>AGE'], rows))
      terminal.line(line)
  return reportProblems(terminal, round)
}
