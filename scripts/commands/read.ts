// `herald read`: the messages of a topic in leader mode from an offset up to where the order ends now, and then the command ends.

import type { Command } from 'commander'
import type { Client, Message } from '../../client/index.ts'
import { isRefusal } from '../../node/wire/control.ts'
import { decodeCursor } from '../../node/wire/cursor.ts'
import { parseCount } from '../cli/arguments.ts'
import { askOne } from '../cli/ask-one.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showPlural } from '../cli/numbers.ts'
import type { ExitCode } from '../cli/outcome.ts'
import { exitCodes } from '../cli/outcome.ts'
import { connectClient } from './publish.ts'
import { showDelivery } from './subscribe.ts'

interface ReadFlags {
  readonly from: number
  readonly committed?: true
}

/** What is read, and up to where. */
interface Range {
  readonly topic: string
  readonly stream: string
  readonly from: number
  /** Offset of the last message of the stream. */
  readonly last: number
  /** The same place as last sequence by origin: to get there no message has to come. */
  readonly sequences: Readonly<Record<string, number>>
}

/** How often is looked whether everything up to the end was passed without a message; a node says so once a second. */
const lookIntervalMs = 50

export function registerRead(program: Command, act: Act): void {
  program
    .command('read')
    .description('print the messages on TOPIC from an offset up to the end of its stream, in leader mode')
    .argument('<topic>')
    .option('--from <offset>', 'place in the order of the stream', parseCount, 1)
    .option(
      '--committed',
      'up to everything that was acknowledged before, whoever was asked; refused without a majority',
    )
    .addHelpText('after', example('herald read payments.eu --from 1 --committed'))
    .action((topic: string, flags: ReadFlags, command: Command) =>
      act(command, (context) => read(context, topic, flags)),
    )
}

async function read(context: Context, topic: string, { from, committed }: ReadFlags): Promise<ExitCode> {
  const { value: range } = await askOne(context, async (client): Promise<Range> => {
    const { stream } = await client.subscribers(topic)
    const { last, sequences } = await client.streamEnd(stream, committed === true)
    return { topic, stream, from, last, sequences }
  })
  if (range.last < from) {
    context.terminal.progress(`stream ${range.stream} ends at offset ${range.last}`)
    return exitCodes.ok
  }
  const client = await connectClient(context)
  try {
    await readUpTo(client, context, range)
    return exitCodes.ok
  } finally {
    await client.close()
  }
}

/** Prints what comes until the end is passed: by a message, by gaps, or by what is for other topics. */
async function readUpTo(client: Client, context: Context, range: Range): Promise<void> {
  const passed = new AbortController()
  const signal = AbortSignal.any([context.signal, passed.signal])
  const subscription = await client.subscribe(range.topic, { from: { offset: range.from }, signal })
  let unordered = 0
  const tellUnordered = (): void => {
    if (unordered > 0) context.terminal.progress(toUnorderedText(unordered, range))
    unordered = 0
  }
  const look = setInterval(() => {
    if (isPassed(range, subscription.cursor)) passed.abort()
  }, lookIntervalMs)
  try {
    for await (const item of subscription) {
      // The topic may have belonged to another stream before, of which something is kept.
      if (item.stream !== range.stream) continue
      const isUnordered = item.kind === 'message' && item.offset === undefined
      if (isUnordered) unordered++
      else tellUnordered()
      if (item.kind === 'gap' || isMeant(item, range)) await showDelivery(context, item)
      if (item.kind === 'message' && isPassed(range, subscription.cursor)) break
    }
  } catch (error) {
    if (!passed.signal.aborted || context.signal.aborted) throw error
  } finally {
    clearInterval(look)
  }
  tellUnordered()
}

/** What has no offset is not lost: `read` shows an order, and there was none. */
function toUnorderedText(count: number, { stream, topic }: Range): string {
  return `here stream ${stream} was in gossip mode: ${showPlural(count, 'message')} without an offset (herald subscribe ${topic} --from first shows them)`
}

function isMeant({ offset = 0 }: Message, { from, last }: Range): boolean {
  return offset >= from && offset <= last
}

function isPassed({ stream, sequences }: Range, text: string): boolean {
  const cursor = decodeCursor(text)
  const positions: ReadonlyMap<string, number> | undefined = isRefusal(cursor)
    ? undefined
    : cursor.get(stream)
  return Object.entries(sequences).every(([origin, to]) => (positions?.get(origin) ?? 0) >= to)
}
