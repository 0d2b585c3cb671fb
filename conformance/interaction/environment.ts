// The members of a replay and the messages between them.

import { isDurable, type Message } from '../../node/core/raft/messages.ts'
import type { Ready } from '../../node/core/raft/ready.ts'
import type { LocalMessage, Member } from './member.ts'
import { describeLocal, describeMessage, describeState, describeWrite, nameOf } from './text.ts'

/** Something that waits to be delivered. */
type Queued = Message | LocalMessage

/** Who gets messages, or loses them. */
export interface Recipient {
  readonly id: number
  readonly drops: boolean
}

export class Environment {
  readonly members: Member[] = []
  #queue: Queued[] = []
  readonly #print: (...lines: string[]) => void

  constructor(print: (...lines: string[]) => void) {
    this.#print = print
  }

  /** The member with this id; ids begin at 1. Throws where there is none. */
  member(id: number): Member {
    const found = this.members[id - 1]
    if (found === undefined) throw new Error(`there is no member ${id}`)
    return found
  }

  enqueue(...messages: Message[]): void {
    this.#queue.push(...messages)
  }

  /** Hands out what a member wants done, and does it where that is no step of its own. */
  processReady(member: Member): void {
    const ready = member.raft.takeReady()
    const messages = [...ready.messages, ...(member.isAsync ? [] : ready.afterDurable)]
    const state = describeState(ready)
    const local = member.isAsync ? this.#handOut(member, ready) : []
    const sent = [...messages.flatMap(describeMessage), ...local]
    if (state.length + sent.length === 0) return this.#print('<empty Ready>')
    this.#print(...state, ...(sent.length > 0 ? ['Messages:', ...sent] : []))
    this.#queue.push(...messages)
    if (member.isAsync) return
    member.write(ready)
    this.#print(...member.apply(ready.committed))
    member.raft.onDurable(ready)
    member.raft.onApplied(ready.committed)
  }

  /** One write of a member, and what follows on it. */
  processWrite(member: Member): void {
    const ready = member.writes.shift()
    if (ready === undefined) return this.#print('no append work to perform')
    member.write(ready)
    const answer: LocalMessage = { kind: 'appended', id: member.id, ready }
    const answers = [...promisesOf(ready), ...(isAnswered(ready) ? [answer] : [])]
    this.#print('Processing:', ...describeWrite(member.id, ready), 'Responses:', ...answers.flatMap(describe))
    this.#queue.push(...answers)
  }

  /** Applies what a member has handed out at once. */
  processApply(member: Member): void {
    const ready = member.applies.shift()
    if (ready === undefined) return this.#print('no apply work to perform')
    const answer: LocalMessage = { kind: 'applied', id: member.id, ready }
    this.#print('Processing:', ...describeLocal({ ...answer, kind: 'apply' }))
    this.#print(...member.apply(ready.committed))
    this.#print('Responses:', ...describeLocal(answer))
    this.#queue.push(answer)
  }

  /** Messages that wait for a member. */
  hasMessagesFor(id: number): boolean {
    return this.#queue.some((message) => toOf(message) === id)
  }

  /** Delivers or drops what waits, of one kind or of all. Returns how many. What a member's own disk says is never dropped. */
  deliver(recipients: readonly Recipient[], kind: string | undefined): number {
    let count = 0
    for (const { id, drops } of recipients) {
      const isChosen = (each: Queued): boolean =>
        toOf(each) === id && !(drops && isLocal(each)) && (kind === undefined || nameOfQueued(each) === kind)
      const chosen = this.#queue.filter(isChosen)
      this.#queue = this.#queue.filter((each) => !isChosen(each))
      count += chosen.length
      for (const message of chosen) {
        const [first = '', ...rest] = describe(message)
        this.#print(drops ? `dropped: ${first}` : first, ...rest)
        if (!drops) this.#step(this.member(id), message)
      }
    }
    return count
  }

  #step({ raft }: Member, message: Queued): void {
    if ('ready' in message) {
      const { kind, ready } = message
      if (kind === 'appended') raft.onDurable({ ...ready, own: [] })
      else raft.onApplied(ready.committed)
      return
    }
    const isAnswer = isDurable(message) || message.kind === 'heartbeat-answer'
    if (isAnswer && !raft.status.progress.has(message.from))
      return this.#print('raft: cannot step as peer not found')
    if (raft.step(message) !== undefined) this.#print('raft proposal dropped')
  }

  /** Queues what is to be written and applied, for steps of their own. */
  #handOut(member: Member, ready: Ready): string[] {
    const { hardState, entries, snapshot, committed } = ready
    const promises = promisesOf(ready)
    const lines: string[] = []
    if (hardState !== undefined || snapshot !== undefined || entries.length + promises.length > 0) {
      member.writes.push(ready)
      const [line = '', ...rest] = describeWrite(member.id, ready)
      const answer: LocalMessage = { kind: 'appended', id: member.id, ready }
      const answers = [...promises, ...(isAnswered(ready) ? [answer] : [])].flatMap(describe)
      lines.push(answers.length > 0 ? `${line} Responses:[ ${answers.join(' ')} ]` : line, ...rest)
    }
    if (committed.length === 0) return lines
    member.applies.push(ready)
    const [line = ''] = describeLocal({ kind: 'apply', id: member.id, ready })
    const [answer = ''] = describeLocal({ kind: 'applied', id: member.id, ready })
    return [...lines, `${line} Responses:[ ${answer} ]`]
  }
}

/** Whether a member waits to hear that a write is durable. */
function isAnswered({ last, snapshot }: Ready): boolean {
  return last !== undefined || snapshot !== undefined
}

/** What waits for a write, to the member itself and to others, as etcd orders it. */
function promisesOf({ own, afterDurable }: Ready): Message[] {
  return [...own, ...afterDurable]
}

function describe(message: Queued): string[] {
  return 'ready' in message ? describeLocal(message) : describeMessage(message)
}

function toOf(message: Queued): number {
  return 'ready' in message ? message.id : message.to
}

function isLocal(message: Queued): boolean {
  return 'ready' in message || message.from === message.to
}

const localNames = {
  appended: 'MsgStorageAppendResp',
  apply: 'MsgStorageApply',
  applied: 'MsgStorageApplyResp',
} as const

function nameOfQueued(message: Queued): string {
  return 'ready' in message ? localNames[message.kind] : nameOf(message)
}
