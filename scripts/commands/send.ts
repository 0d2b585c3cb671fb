// `herald send`: lets one node publish numbered test messages, by its admin interface.

import { type Command, Option } from 'commander'
import { formatDuration } from '../../node/config/quantity.ts'
import type { SendAnswer } from '../admin/answers.ts'
import { askAll, type Round, reportProblems, toProblemFields } from '../admin/round.ts'
import { parseCount } from '../cli/arguments.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

/** Slowest sending that a deadline allows for; a node does far more. */
const messagesPerMsMin = 1

/** Options of `send` and `flood`. */
export interface SendOptions {
  readonly rate?: number
  readonly ack?: string
}

/** What to send, from which nodes. */
export interface SendPlan extends SendOptions {
  readonly senders: readonly string[]
  readonly topic: string
  readonly message: string
  readonly count: number
}

export function registerSend(program: Command, act: Act): void {
  const command = program
    .command('send')
    .description('let node SENDER publish COUNT messages: MESSAGE #1, MESSAGE #2, …')
    .argument('<sender>', 'id of a node')
    .argument('<topic>')
    .argument('<message>')
    .argument('<count>', 'how many', parseCount)
  addSendOptions(command)
    .addHelpText('after', example("herald send A orders.eu 'hello' 1000"))
    .action(
      (sender: string, topic: string, message: string, count: number, options: SendOptions, self: Command) =>
        act(self, (context) =>
          sendMessages(context, { senders: [sender], topic, message, count, ...options }),
        ),
    )
}

/** The options that `send` and `flood` share. */
export function addSendOptions(command: Command): Command {
  return command
    .option('--rate <count>', 'messages a second and sender (default: as fast as it goes)', parseCount)
    .addOption(new Option('--ack <level>', 'what to wait for').choices(['none', 'local', 'copies']))
}

/** Lets all senders send at the same time and shows what became of it. */
export async function sendMessages(context: Context, plan: SendPlan): Promise<ExitCode> {
  const { senders, topic, message, count, rate, ack } = plan
  const clients = await Promise.all(senders.map((sender) => context.client(sender)))
  const sendingMs = Math.max(rate === undefined ? 0 : (1000 * count) / rate, count / messagesPerMsMin)
  const round = await askAll(clients, (client) =>
    client.withTimeout(context.options.timeout + sendingMs).send({
      topic,
      message,
      count,
      ...(rate !== undefined && { ratePerSecond: rate }),
      ...(ack !== undefined && { ack }),
    }),
  )
  showSent(context, round, count)
  const exitCode = reportProblems(context.terminal, round)
  const silent = round.unreachable.filter((problem) => problem.mayHaveActed).map((problem) => problem.node)
  if (silent.length > 0) {
    const nodes = `${silent.length === 1 ? 'node' : 'nodes'} ${silent.join(', ')}`
    const next = 'once all nodes answer, `herald check` tells'
    context.terminal.warn(`${nodes} may have sent some of it, or may do so yet; ${next}`)
  }
  if (exitCode !== exitCodes.ok) return exitCode
  const isComplete = round.answers.every(({ value }) => value.refused === 0 && value.unknown === 0)
  return isComplete ? exitCodes.ok : exitCodes.failure
}

/** Of a node that has the request and does not answer, every message is unknown. */
function showSent({ terminal }: Context, round: Round<SendAnswer>, count: number): void {
  terminal.document({
    senders: round.answers.map(({ node, value }) => ({ node, ...value })),
    ...toProblemFields(round),
    unreachable: round.unreachable.map((each) => ({ ...each, unknown: each.mayHaveActed ? count : 0 })),
  })
  const rows = round.answers.map(({ node, value }) => [
    node,
    value.stream,
    showCount(value.acknowledged),
    showCount(value.refused),
    showCount(value.unknown),
    `${value.from}-${value.to}`,
    formatDuration(value.elapsedMs),
  ])
  for (const { node, mayHaveActed } of round.unreachable)
    if (mayHaveActed) rows.push([node, '-', '-', '-', showCount(count), '-', '-'])
  if (rows.length === 0) return
  const headings = ['SENDER', 'STREAM', '>ACKNOWLEDGED', '>REFUSED', '>UNKNOWN', 'SEQUENCES', '>TIME']
  for (const line of toTable(headings, rows)) terminal.line(line)
}
