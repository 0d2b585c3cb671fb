// `herald subscribe`: prints messages as they come, until Ctrl-C or --count. Gaps are named, never passed over.

import { type Command, InvalidArgumentError } from 'commander'
import type { Delivery, Message, SubscribeOptions } from '../../client/index.ts'
import { parseCount } from '../cli/arguments.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { connectClient } from './publish.ts'

type Start = NonNullable<SubscribeOptions['from']>

interface SubscribeFlags {
  readonly from: Start
  readonly name?: string
  readonly queue?: string
  readonly key?: string
  readonly count?: number
}

export function registerSubscribe(program: Command, act: Act): void {
  program
    .command('subscribe')
    .description('print the messages on PATTERN as they come: topic, tab, text')
    .argument('<pattern...>')
    .option(
      '--from <start>',
      'now, earliest (or first), a cursor (v1.…), a time (2026-11-23T08:00:00Z) or an offset',
      parseStart,
      'now',
    )
    .option('--name <name>', 'durable: the node remembers where this name stands')
    .option('--queue <name>', 'member of a queue: each message goes to one of its members')
    .option('--key <header>', 'of a queue: the header whose value is the key by which it keeps order')
    .option('--count <count>', 'end after this many messages', parseCount)
    .addHelpText(
      'after',
      example(
        "herald subscribe 'orders.>'",
        "herald subscribe 'orders.>' --from earliest --count 10 --json",
        "herald subscribe 'orders.>' --queue workers",
      ),
    )
    .action((patterns: readonly string[], flags: SubscribeFlags, command: Command) =>
      act(command, (context) => subscribe(context, patterns, flags)),
    )
}

async function subscribe(
  context: Context,
  patterns: readonly string[],
  flags: SubscribeFlags,
): Promise<ExitCode> {
  const { terminal, signal } = context
  const client = await connectClient(context)
  try {
    client.on('disconnected', ({ url, reason }) =>
      terminal.progress(`lost ${url} (${reason}); trying other nodes`),
    )
    client.on('reconnected', ({ url }) => terminal.progress(`goes on at ${url}`))
    const { from, name, queue, key } = flags
    const options = { from, signal, ...(name && { name }), ...(queue && { queue }), ...(key && { key }) }
    const subscription = await client.subscribe(patterns, options)
    terminal.progress(`subscribed to ${patterns.join(' ')}; Ctrl-C ends`)
    let count = 0
    for await (const item of subscription) {
      await showDelivery(context, item)
      if (item.kind !== 'message' || ++count !== flags.count) continue
      // Asking for the next one tells that this one was worked on: a durable name goes on behind it.
      void subscription[Symbol.asyncIterator]().next()
      break
    }
    return exitCodes.ok
  } finally {
    await client.close()
  }
}

/** Prints a message or a gap. */
export async function showDelivery({ terminal }: Context, item: Delivery): Promise<void> {
  if (item.kind === 'gap') {
    const { stream, origin, from, to, reason } = item
    if (terminal.json) await terminal.record({ gap: { stream, origin, from, to, reason } })
    else terminal.warn(`gap: ${from}-${to} of ${origin} on stream ${stream} will not come (${reason})`)
    return
  }
  if (!terminal.json) return await terminal.write(`${item.topic}\t${item.text()}\n`)
  const { topic, stream, origin, sequence, epoch, offset, time, headers, key } = item
  const place = { stream, origin, sequence, epoch, offset }
  await terminal.record({ topic, ...toBody(item), ...place, time, headers, key })
}

/** The payload as text, or as base64 where it is not UTF-8; the same as in herald.json.v1. */
function toBody(message: Message): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message.payload) }
  } catch {
    return { base64: Buffer.from(message.payload).toString('base64') }
  }
}

function parseStart(text: string): Start {
  if (text === 'now' || text === 'earliest' || text === 'first') return text
  if (text.startsWith('v1.')) return { cursor: text }
  if (/^[1-9]\d{0,15}$/.test(text)) return { offset: Number(text) }
  // Any number is a year to the parser of dates.
  if (/^-?\d+$/.test(text)) throw new InvalidArgumentError(`"${text}" is not an offset; they begin with 1.`)
  const time = Date.parse(text)
  if (Number.isNaN(time))
    throw new InvalidArgumentError(`"${text}" is not now, earliest, a cursor, a time or an offset.`)
  return { time }
}
