// Asks several nodes the same thing at the same time and keeps their answers apart: a node that cannot be reached or that
// refuses is named and hides nobody else's answer. What several nodes say alike is said once, with all their names.

import { type ExitCode, exitCodes, toErrorCode } from '../cli/outcome.ts'
import type { Terminal } from '../cli/terminal.ts'
import type { AdminClient } from './admin-client.ts'
import { NodeRefusal, NodeUnreachable } from './request.ts'

export interface NodeProblem {
  readonly node: string
  readonly reason: string
  /** Present when the node answered and said no. */
  readonly code?: string
  /** Present and true when the node may have done what it was asked, and gave no answer. */
  readonly mayHaveActed?: boolean
}

/** What a round of questions brought. */
export interface Round<Answer> {
  readonly answers: readonly { readonly node: string; readonly value: Answer }[]
  readonly refused: readonly NodeProblem[]
  readonly unreachable: readonly NodeProblem[]
}

/** Asks all nodes in parallel. Errors other than a refusal or an unreachable node are defects and propagate. */
export async function askAll<Answer>(
  clients: readonly AdminClient[],
  ask: (client: AdminClient) => Promise<Answer>,
): Promise<Round<Answer>> {
  return toRound(
    await Promise.all(
      clients.map(async (client) => {
        const [outcome] = await Promise.allSettled([ask(client)])
        return { node: client.node, outcome }
      }),
    ),
  )
}

/** What has become of questions, one to each node. Throws what `askAll` does. */
export function toRound<Answer>(
  outcomes: readonly { readonly node: string; readonly outcome: PromiseSettledResult<Answer> }[],
): Round<Answer> {
  const answers: { node: string; value: Answer }[] = []
  const refused: NodeProblem[] = []
  const unreachable: NodeProblem[] = []
  for (const { node, outcome } of outcomes) {
    if (outcome.status === 'fulfilled') answers.push({ node, value: outcome.value })
    else if (outcome.reason instanceof NodeRefusal)
      refused.push({ node, reason: outcome.reason.message, code: outcome.reason.code })
    else if (outcome.reason instanceof NodeUnreachable) unreachable.push(toProblem(node, outcome.reason))
    else throw outcome.reason
  }
  return { answers, refused, unreachable }
}

/** A node that cannot be reached, as it is shown. */
export function toProblem(node: string, { message, mayHaveActed }: NodeUnreachable): NodeProblem {
  return { node, reason: message, ...(mayHaveActed && { mayHaveActed }) }
}

/** The problems of a round as fields of a JSON document; where nobody answered, `error` says why. */
export function toProblemFields(round: Round<unknown>): {
  readonly error?: { readonly code: string; readonly message: string }
  readonly refused: readonly NodeProblem[]
  readonly unreachable: readonly NodeProblem[]
} {
  const { answers, refused, unreachable } = round
  const first = refused[0] ?? unreachable[0]
  if (answers.length > 0 || first === undefined) return { refused, unreachable }
  const code = first.code ?? toErrorCode(exitCodes.unreachable)
  return { error: { code, message: first.reason }, refused, unreachable }
}

/** Names the nodes that did not answer or refused, and says how the command ends because of them. */
export function reportProblems(terminal: Terminal, round: Round<unknown>): ExitCode {
  for (const { nodes, text } of groupByText(round.unreachable))
    terminal.warn(`${nodes} cannot be reached: ${text}`)
  for (const { nodes, text } of groupByText(round.refused)) terminal.warn(`${nodes} refused: ${text}`)
  if (round.refused.length > 0) return exitCodes.failure
  return round.unreachable.length > 0 ? exitCodes.unreachable : exitCodes.ok
}

/** One entry for each text, in the order in which they came first: `node A`, or `nodes A, B`. */
function groupByText(
  problems: readonly NodeProblem[],
): readonly { readonly nodes: string; readonly text: string }[] {
  const byText = Map.groupBy(problems, ({ code, reason }) =>
    code === undefined ? reason : `${code}: ${reason}`,
  )
  return [...byText].map(([text, group]) => {
    const ids = group.map(({ node }) => node).join(', ')
    return { nodes: group.length === 1 ? `node ${ids}` : `nodes ${ids}`, text }
  })
}
