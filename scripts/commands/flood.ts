// `herald flood`: several nodes publish at the same time. Senders come first and may be many, so the three words after
// them are counted from the end.

import type { Command } from 'commander'
import { parseCount } from '../cli/arguments.ts'
import type { Act } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'
import { addSendOptions, type SendOptions, type SendPlan, sendMessages } from './send.ts'

export function registerFlood(program: Command, act: Act): void {
  const command = program
    .command('flood')
    .description('let several nodes publish COUNT messages each, at the same time')
    .usage('[options] <sender...> <topic> <message> <count>')
    .argument('<words...>', 'ids of nodes, then topic, message and count')
  addSendOptions(command)
    .addHelpText('after', example("herald flood A B C orders.eu 'hello' 1000"))
    .action((words: readonly string[], options: SendOptions, self: Command) =>
      act(self, (context) => sendMessages(context, { ...splitWords(words), ...options })),
    )
}

function splitWords(words: readonly string[]): SendPlan {
  const [topic, message, count] = words.slice(-3)
  const senders = words.slice(0, -3)
  if (senders.length === 0 || topic === undefined || message === undefined || count === undefined) {
    throw new CommandError(
      exitCodes.usage,
      `flood needs at least one sender, a topic, a message and a count; got ${words.length} words`,
      {
        next: "for example: herald flood A B orders.eu 'hello' 1000",
      },
    )
  }
  try {
    return { senders, topic, message, count: parseCount(count) }
  } catch (error) {
    throw new CommandError(exitCodes.usage, `COUNT: ${error instanceof Error ? error.message : count}`)
  }
}
