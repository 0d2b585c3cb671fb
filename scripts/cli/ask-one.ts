// A question, or a wish, that one node is enough for.

import type { AdminClient } from '../admin/admin-client.ts'
import { NodeRefusal, NodeUnreachable } from '../admin/request.ts'
import { type NodeProblem, toProblem } from '../admin/round.ts'
import type { Context } from './context.ts'
import { CommandError, exitCodes } from './outcome.ts'

/** Asks the nodes that are meant, one after the other, until one answers: a change must be made once, not once on every node. */
export async function askOne<Answer>(
  context: Context,
  ask: (client: AdminClient) => Promise<Answer>,
  isMeant: (node: string) => boolean = () => true,
): Promise<{ readonly node: string; readonly value: Answer; readonly unreachable: readonly NodeProblem[] }> {
  const unreachable: NodeProblem[] = []
  const clients = (await context.clients()).filter(({ node }) => isMeant(node))
  if (clients.length === 0)
    throw new CommandError(exitCodes.usage, 'no node is left that could be asked', {
      next: 'start another one with `herald up`, or leave --only out where you gave it',
    })
  for (const client of clients) {
    try {
      return { node: client.node, value: await ask(client), unreachable }
    } catch (error) {
      if (error instanceof NodeRefusal)
        throw new CommandError(exitCodes.failure, error.message, {
          ...{ code: error.code, next: error.action, cause: error },
        })
      if (!(error instanceof NodeUnreachable)) throw error
      unreachable.push(toProblem(client.node, error))
    }
  }
  const names = unreachable.map(({ node, reason }) => `node ${node}: ${reason}`).join('; ')
  throw new CommandError(exitCodes.unreachable, `no node can be reached: ${names}`, {
    next: 'see `herald status`',
  })
}
