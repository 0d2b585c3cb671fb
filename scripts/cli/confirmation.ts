// Asks before something is deleted or stopped. Where nobody can answer, the command fails and names --yes.

import { createInterface } from 'node:readline/promises'
import type { Context } from './context.ts'
import { CommandError, exitCodes } from './outcome.ts'

/** Returns when the user agreed, or gave --yes; throws otherwise. */
export async function confirm(context: Context, question: string): Promise<void> {
  if (context.options.yes) return
  const { stdin, stderr } = context.world
  if (stdin.isTTY !== true) {
    throw new CommandError(exitCodes.usage, 'this asks before it acts, and there is no terminal to ask on', {
      next: 'add --yes if you mean it',
    })
  }
  const dialogue = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await dialogue.question(`${question} [y/N] `, { signal: context.signal })
    if (/^y(es)?$/i.test(answer.trim())) return
    throw new CommandError(exitCodes.failure, 'nothing was done')
  } finally {
    dialogue.close()
  }
}
