// A question, or a wish, that one node is enough for.

import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from '../admin/admin-client.ts'
import { NodeRefusal, NodeUnreachable } from '../admin/request.ts'
import { type NodeProblem, toProblem } from '../admin/round.ts'
import type { Context } from './context.ts'
import { CommandError, exitCodes } from './outcome.ts'

/** A node that takes longer to say who is in the cluster is asked last, milliseconds: what is asked may have a long time. */
const patienceMs = 500

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
  for (const client of await hangingLast(clients)) {
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

/** The clients in their order, with those whose nodes hang behind the others. Where the first one answers, nobody else is waited for. */
async function hangingLast(clients: readonly AdminClient[]): Promise<readonly AdminClient[]> {
  const [first] = clients
  if (first === undefined || clients.length === 1) return clients
  const end = new AbortController()
  const ended = new Set<AdminClient>()
  const [firstAsked] = clients.map(async (client) => {
    await Promise.allSettled([client.withSignal(end.signal).members()])
    ended.add(client)
  })
  await Promise.race([
    firstAsked,
    delay(patienceMs, undefined, { signal: end.signal }).catch(() => undefined),
  ])
  const hanging = ended.has(first) ? [] : clients.filter((client) => !ended.has(client))
  end.abort()
  return [...clients.filter((client) => !hanging.includes(client)), ...hanging]
}
