// `herald publish`: publishes as a client, one message or one a line of standard input.

import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import type { Client, ConnectOptions, PublishOptions, PublishResult } from '../../client/index.ts'
import { unreachable } from '../../node/core/common/assert.ts'
import { collectPair } from '../cli/arguments.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'

interface PublishFlags {
  readonly header?: Readonly<Record<string, string>>
  readonly key?: string
  readonly ack: 'none' | 'local' | 'copies'
}

export function registerPublish(program: Command, act: Act): void {
  program
    .command('publish')
    .description('publish MESSAGE, or with - every line of standard input')
    .argument('<topic>')
    .argument('<message>')
    .option('--header <name=value>', 'a header; may be repeated', collectPair)
    .option('--key <key>', 'the key of the message')
    .addOption(
      new Option('--ack <level>', 'what to wait for').choices(['none', 'local', 'copies']).default('copies'),
    )
    .addHelpText(
      'after',
      example("herald publish orders.eu.created 'hello'", 'seq 1000 | herald publish numbers -'),
    )
    .action((topic: string, message: string, flags: PublishFlags, command: Command) =>
      act(command, (context) => publish(context, topic, message, flags)),
    )
}

/** Connects to one of the fleet's nodes, within --timeout. */
export async function connectClient(context: Context): Promise<Client> {
  const urls = (await context.nodes()).map((node) => node.clientUrl)
  const options: ConnectOptions = { connectTimeoutMs: context.options.timeout, signal: context.signal }
  // Loaded here, because the other commands start faster without it.
  const { connect } = await import('../../client/index.ts')
  return await connect(urls, options)
}

async function publish(
  context: Context,
  topic: string,
  message: string,
  flags: PublishFlags,
): Promise<ExitCode> {
  const client = await connectClient(context)
  try {
    const options: PublishOptions = { headers: flags.header, key: flags.key, ack: flags.ack }
    if (message === '-') return await publishLines(context, client, topic, options)
    const result = await client.publish(topic, message, options)
    context.terminal.document({ topic, ...result, ...toErrorField(result) })
    context.terminal.line(describe(result))
    return isGood(result) ? exitCodes.ok : exitCodes.failure
  } finally {
    await client.close()
  }
}

async function publishLines(
  context: Context,
  client: Client,
  topic: string,
  options: PublishOptions,
): Promise<ExitCode> {
  const { terminal, signal, world } = context
  const counts = { acknowledged: 0, sent: 0, refused: 0, unknown: 0 }
  let firstProblem: PublishResult | undefined
  for await (const line of createInterface({ input: world.stdin, signal })) {
    await client.writable({ signal })
    void client.publish(topic, line, options).then((result) => {
      counts[result.status]++
      if (!isGood(result)) firstProblem ??= result
    })
  }
  await client.flush({ signal })
  terminal.document({ topic, ...counts, ...(firstProblem && toErrorField(firstProblem)) })
  const shown = Object.entries(counts).filter(([status, count]) => count > 0 || status === 'acknowledged')
  terminal.line(shown.map(([status, count]) => `${showCount(count)} ${status}`).join(', '))
  if (firstProblem !== undefined)
    terminal.warn(`the first that was not acknowledged: ${describe(firstProblem)}`)
  return counts.refused + counts.unknown > 0 ? exitCodes.failure : exitCodes.ok
}

function isGood(result: PublishResult): boolean {
  return result.status === 'acknowledged' || result.status === 'sent'
}

/** As every error document has it. */
function toErrorField(result: PublishResult): object {
  if (result.status !== 'refused' && result.status !== 'unknown') return {}
  return { error: { code: result.code, message: result.reason } }
}

function describe(result: PublishResult): string {
  switch (result.status) {
    case 'acknowledged': {
      const { stream, origin, sequence, epoch, offset } = result
      if (sequence === undefined) return 'acknowledged'
      const place = offset === undefined ? '' : `, epoch ${epoch}, offset ${offset}`
      return `acknowledged as ${origin} ${sequence} on stream ${stream}${place}`
    }
    case 'sent':
      return 'sent; nobody was asked to acknowledge it'
    case 'refused':
    case 'unknown':
      return `${result.status}: ${result.code}: ${result.reason}`
    default:
      return unreachable(result)
  }
}
