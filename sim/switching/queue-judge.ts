// Queues across changes of the mode: what a member is handed is what the committed log has at its place; where all nodes hear each other, each
// message is handed to one member, unless that has left without having worked on it; and at the end each has been worked on.

import { Violation } from '../run.ts'
import type { Tally } from '../tally.ts'
import type { Message } from './messages.ts'

/** A message at one membership. */
interface Handed {
  readonly sub: string
  state: 'waits' | 'is worked on' | 'is given back'
}

export class QueueJudge {
  readonly #tally: Tally
  readonly #hasSilence: boolean
  /** By stream and offset, whoever was handed it last. */
  readonly #handed = new Map<string, Handed>()
  /** By stream and offset: some member has worked on it. */
  readonly #worked = new Set<string>()
  /** By stream and origin: sequences that members were told to be gone. */
  readonly #gone = new Set<string>()

  constructor(tally: Tally, hasSilence: boolean) {
    this.#tally = tally
    this.#hasSilence = hasSilence
  }

  /** `there`: what has the place. */
  onHanded(sub: string, stream: string, offset: number, id: string, there: Message | undefined): void {
    const key = `${stream} ${offset}`
    if (there?.id !== id)
      throw new Violation('queues', `${sub} is handed ${id} as ${key}, which is ${there?.id}`)
    const before = this.#handed.get(key)
    if (before?.sub === sub) throw new Violation('queues', `${sub} is handed ${key} twice`)
    if (!this.#hasSilence && before !== undefined && before.state !== 'is given back')
      throw new Violation('queues', `${sub} is handed ${key}, which ${before.state} at ${before.sub}`)
    this.#tally.count(before === undefined ? 'messages of queues' : 'messages of queues again')
    this.#handed.set(key, { sub, state: 'waits' })
  }

  onWorked(sub: string, stream: string, offset: number): void {
    const key = `${stream} ${offset}`
    this.#worked.add(key)
    const handed = this.#handed.get(key)
    if (handed?.sub === sub) handed.state = 'is worked on'
  }

  /** A member is gone with what it had not worked on. */
  onGivenBack(sub: string, stream: string, offsets: readonly number[]): void {
    for (const offset of offsets) {
      const handed = this.#handed.get(`${stream} ${offset}`)
      if (handed?.sub === sub) handed.state = 'is given back'
    }
  }

  onGap(stream: string, origin: string, from: number, to: number): void {
    for (let sequence = from; sequence <= to; sequence++) this.#gone.add(`${stream} ${origin} ${sequence}`)
  }

  /** What nobody has worked on, of what has a place. */
  *problems(stream: string, placed: Iterable<Message>): Generator<string> {
    for (const { offset = 0, origin, sequence } of placed)
      if (!this.#worked.has(`${stream} ${offset}`) && !this.#gone.has(`${stream} ${origin} ${sequence}`))
        yield `no member of the queue of ${stream} has worked on ${offset} (${origin} ${sequence})`
  }
}
