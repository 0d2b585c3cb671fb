// Answers that promise durability tell what the disk has: a vote is there and is the only one of its term, what is acknowledged is there,
// and neither term nor vote goes back, over any restart (Raft §5.2, §5.3; figure 2, persistent state).

import type { Boot } from '../../../node/core/common/ids.ts'
import type { AppendAnswer, VoteAnswer } from '../../../node/core/raft/messages.ts'
import { Violation } from '../../run.ts'
import type { LogInvariant, Sent } from '../log-world.ts'

interface Promised {
  readonly boot: Boot
  /** Highest term of earlier boots, and of all. */
  readonly before: number
  readonly term: number
}

export class Promises implements LogInvariant {
  readonly name = 'promises'
  /** By group and member: in what terms something was promised. */
  readonly #terms = new Map<string, Promised>()
  /** By group, member and term: whom it has voted for. */
  readonly #votes = new Map<string, number>()

  onSent(sent: Sent): void {
    const { message } = sent
    if (message.kind === 'vote-answer') this.#onVote(sent, message)
    else if (message.kind === 'append-answer') this.#onAnswer(sent, message)
  }

  #onVote(sent: Sent, message: VoteAnswer): void {
    this.#promise(sent, message.term)
    if (!message.isGranted) return
    const { group, disk } = sent
    const { term, vote } = disk.hardState
    if (term < message.term || (term === message.term && vote !== message.to))
      this.#fail(sent, `votes for ${message.to} in term ${message.term}, its disk has ${vote} in ${term}`)
    const key = `${group} ${message.from} ${message.term}`
    const before = this.#votes.get(key) ?? message.to
    if (before !== message.to)
      this.#fail(sent, `votes for ${before} and ${message.to} in term ${message.term}`)
    this.#votes.set(key, message.to)
  }

  #onAnswer(sent: Sent, message: AppendAnswer): void {
    this.#promise(sent, message.term)
    const { disk } = sent
    // A later leader may have replaced it in the same write: then it was there, and cannot become committed in the earlier term.
    if (disk.hardState.term > message.term) return
    if (message.hint === undefined && message.index > disk.last)
      this.#fail(sent, `acknowledges ${message.index}, its disk ends at ${disk.last}`)
  }

  #promise(sent: Sent, term: number): void {
    const key = `${sent.group} ${sent.message.from}`
    const known = this.#terms.get(key)
    // Within a boot, what is for one node may leave after what is for another.
    const before = known?.boot === sent.boot ? known.before : (known?.term ?? 0)
    if (term < before) this.#fail(sent, `was in term ${before}, and speaks in term ${term}`)
    if (sent.disk.hardState.term < term)
      this.#fail(sent, `speaks in term ${term}, its disk is in ${sent.disk.hardState.term}`)
    this.#terms.set(key, { boot: sent.boot, before, term: Math.max(term, known?.term ?? 0) })
  }

  #fail({ node, group }: Sent, what: string): never {
    throw new Violation(this.name, `${node}, group ${group}: ${what}`)
  }
}
