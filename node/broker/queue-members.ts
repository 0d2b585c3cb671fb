// The members of queues that clients of this node are.

import type { Replica } from '../core/stream/replica.ts'
import { originOf } from '../leader/names/command.ts'
import { LeaveWish, leaveKey } from '../leader/names/queue-wishes.ts'
import { type QueueHost, QueueMember, type QueueMemberOptions } from './queue-member.ts'

export class QueueMembers {
  readonly #host: QueueHost & { readonly origin: string }
  readonly #members = new Set<QueueMember>()

  constructor(host: QueueHost & { readonly origin: string }) {
    this.#host = host
    host.leader.names.listen({
      onNames: () => this.#onNames(),
      onSaveDue: () => {
        for (const member of this.#members) member.save()
      },
    })
  }

  /** A client wants to be a member of a queue. */
  join(sub: string, options: QueueMemberOptions): QueueMember {
    const member = new QueueMember(this.#host, sub, options)
    this.#members.add(member)
    member.join()
    return member
  }

  leave(member: QueueMember, isLost: boolean, onLeft: () => void): void {
    this.#members.delete(member)
    member.leave(isLost, onLeft)
  }

  /** Members that may get a topic of a stream. */
  of(stream: string, topic: string): QueueMember[] {
    return [...this.#members].filter((member) => member.options.stream === stream && member.wants(topic))
  }

  /** The delivery log of a stream has grown. */
  onDelivered({ name }: Replica): void {
    for (const member of this.#members) if (member.options.stream === name) member.pump()
  }

  /** Another epoch of a stream is the present one. */
  onCurrent({ name }: Replica): void {
    for (const member of [...this.#members]) if (member.options.stream === name) member.look()
  }

  announce(): void {
    for (const member of this.#members) member.announce()
  }

  onSecond(): void {
    for (const member of [...this.#members]) {
      // The stream may have been removed, and made again in another mode.
      member.look()
      member.onSecond()
    }
  }

  #onNames(): void {
    for (const member of [...this.#members]) member.onNames()
    const { names } = this.#host.leader
    const subs = new Set([...this.#members].map(({ sub }) => sub))
    for (const { stream, name, members } of names.ledger.queues.all)
      for (const holder of members) {
        // It had ended before it was a member.
        const isOwn = originOf(holder) === this.#host.origin && !subs.has(holder)
        if (!isOwn || names.isWished(leaveKey(holder))) continue
        names.wish(new LeaveWish({ stream, name, holder, positions: [], onLeft: () => undefined }))
      }
  }
}
