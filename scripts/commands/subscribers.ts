// `herald subscribers`: who would receive a message on a topic. Every node knows its own subscription and its clients'.

import type { Command } from 'commander'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import type { ExitCode } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

export function registerSubscribers(program: Command, act: Act): void {
  program
    .command('subscribers')
    .description('show who would receive a message on TOPIC')
    .argument('<topic>')
    .addHelpText('after', example('herald subscribers orders.eu.created'))
    .action((topic: string, _options: object, command: Command) =>
      act(command, (context) => show(context, topic)),
    )
}

async function show(context: Context, topic: string): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.subscribers(topic))
  const subscribers = round.answers.flatMap((answer) => answer.value.subscribers)
  const stream = round.answers[0]?.value.stream
  terminal.document({ topic, stream, subscribers, ...toProblemFields(round) })
  if (round.answers.length > 0) {
    const rows = subscribers.map(({ node, kind, sub, patterns, queue }) => {
      return [node, queue === undefined ? kind : `queue ${queue}`, sub, patterns.join(' ')]
    })
    if (rows.length === 0) terminal.line(`nobody is subscribed to ${topic}`)
    else for (const line of toTable(['NODE', 'KIND', 'SUBSCRIPTION', 'PATTERNS'], rows)) terminal.line(line)
  }
  return reportProblems(terminal, round)
}
