// `herald read`: the messages of a topic in leader mode from an offset up to where the order ends now, and then the command ends.

import type { Command } from 'commander'
import type { Message } from '../../client/index.ts'
import { parseCount } from '../cli/arguments.ts'
import { askOne } from '../cli/ask-one.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
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
  readonly patterns: readonly string[]
  readonly from: number
  readonly last: number
}

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
    const { topics } = await client.stream(stream)
    const { last } = await client.streamEnd(stream, committed === true)
    return { topic, patterns: topics.length === 0 ? ['>'] : topics, from, last }
  })
  if (range.last < from) return exitCodes.ok
  const client = await connectClient(context)
  try {
    const { signal } = context
    const subscription = await client.subscribe(range.patterns, { from: { offset: from }, signal })
    for await (const item of subscription) {
      if (item.kind === 'gap' || isMeant(item, range)) await showDelivery(context, item)
      if (item.kind === 'message' && (item.offset ?? 0) >= range.last) break
    }
    return exitCodes.ok
  } finally {
    await client.close()
  }
}

function isMeant({ topic, offset = 0 }: Message, range: Range): boolean {
  return topic === range.topic && offset >= range.from && offset <= range.last
}
