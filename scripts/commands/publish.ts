// `herald publish`: publishes as a client, one message or one a line of standard input.

import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import type {
  Client,
  ConnectOptions,
  PublishOptions,
  PublishReceipt,
  PublishResult,
} from '../../client/index.ts'
import { unreachable } from '../../node/core/common/assert.ts'
import { collectPair, parseCount } from '../cli/arguments.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { CommandError, type ExitCode, exitCodes } from '../cli/outcome.ts'

interface PublishFlags {
  readonly header?: Readonly<Record<string, string>>
  readonly key?: string
  readonly ack: 'none' | 'local' | 'copies'
  readonly producer?: string
  readonly sequence?: number
}

/** What the command needs of a client or of a named producer. */
interface Publishing {
  publish(topic: string, payload: string, options: PublishOptions): PublishReceipt
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
    .option('--producer <name>', 'publish under this name: in leader mode each sequence of it is stored once')
    .option(
      '--sequence <n>',
      "the producer's sequence of the first message; the same again is a retry",
      parseCount,
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
  if (flags.sequence !== undefined && flags.producer === undefined)
    throw new CommandError(exitCodes.usage, '--sequence needs --producer NAME')
  const client = await connectClient(context)
  try {
    const publishing = publishingOf(client, flags)
    const options: PublishOptions = { headers: flags.header, key: flags.key, ack: flags.ack }
    if (message === '-') return await publishLines(context, client, publishing, topic, options)
    const receipt = publishing.publish(topic, message, options)
    const result = await receipt
    const { producerSequence } = receipt
    context.terminal.document({ topic, ...result, producerSequence, ...toErrorField(result) })
    context.terminal.line(describe(result, producerSequence))
    return isGood(result) ? exitCodes.ok : exitCodes.failure
  } finally {
    await client.close()
  }
}

function publishingOf(client: Client, { producer, sequence }: PublishFlags): Publishing {
  if (producer === undefined) return client
  // Microseconds since 1970: a number that is told, and with which the message can be published again.
  return client.producer(producer, { next: sequence ?? Date.now() * 1000 })
}

async function publishLines(
  context: Context,
  client: Client,
  publishing: Publishing,
  topic: string,
  options: PublishOptions,
): Promise<ExitCode> {
  const { terminal, signal, world } = context
  const counts = { acknowledged: 0, sent: 0, refused: 0, unknown: 0 }
  let firstProblem: PublishResult | undefined
  try {
    for await (const line of createInterface({ input: world.stdin, signal })) {
      await client.writable({ signal })
      void publishing.publish(topic, line, options).then((result) => {
        counts[result.status]++
        if (!isGood(result)) firstProblem ??= result
      })
    }
    await client.flush({ signal })
  } catch (error) {
    // Whoever interrupts is told what became of what was published: once the client has ended, that is decided.
    if (!signal.aborted) throw error
    await client.close()
  }
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

function describe(result: PublishResult, producerSequence?: number): string {
  switch (result.status) {
    case 'acknowledged': {
      const { stream, origin, sequence, epoch, offset } = result
      const how = result.duplicate === true ? 'stored before' : 'acknowledged'
      if (sequence === undefined) return how
      const place = offset === undefined ? '' : `, epoch ${epoch}, offset ${offset}`
      return `${how} as ${origin} ${sequence} on stream ${stream}${place}`
    }
    case 'sent':
      return 'sent; nobody was asked to acknowledge it'
    case 'unknown':
      if (producerSequence !== undefined)
        return `unknown: ${result.code}: ${result.reason}; retry with --sequence ${producerSequence}`
      return `unknown: ${result.code}: ${result.reason}`
    case 'refused':
      return `${result.status}: ${result.code}: ${result.reason}`
    default:
      return unreachable(result)
  }
}
