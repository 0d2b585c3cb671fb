// Faults of where subscriptions begin, where their node does not know yet what has become of a stream.

import type { Mutant } from './mutant.ts'

const noEpoch = 'test/broker/first-epoch.test.ts'

export const faultsOfSubscribing: readonly Mutant[] = [
  {
    name: 'subscription-left-without-its-stream',
    file: 'node/broker/attachments.ts',
    text: 'const giveUp = (): void => this.#attachAgain(subscriber, replica, onKnown)',
    replacement: 'const giveUp = onKnown',
    breaks: 'Who waits for a stream that begins otherwise than its node thought never gets anything of it.',
    tests: [noEpoch],
  },
  {
    name: 'subscription-left-in-no-epoch',
    file: 'node/broker/broker.ts',
    text: 'this.#attached.moveStrays(replica)',
    replacement: 'void replica',
    breaks:
      'Who has begun on a stream that began otherwise than its node thought gets nothing of its first epoch.',
    tests: [noEpoch],
  },
  {
    name: 'epochs-passed-while-it-waits',
    file: 'node/broker/attachments.ts',
    text: 'now.includes(replica) && isAsBefore',
    replacement: 'now.includes(replica) && (isAsBefore || true)',
    breaks: 'Who waits for its group begins behind the epochs that the log has told of meanwhile.',
    tests: [noEpoch],
  },
  {
    name: 'history-for-who-is-moved',
    file: 'node/broker/epochs.ts',
    text: 'hasBefore && this.#host',
    replacement: '(hasBefore || true) && this.#host',
    breaks: 'A subscription from now on gets all that others hold of the epoch that it is moved into.',
    tests: [noEpoch],
  },
  {
    name: 'subscribed-before-it-has-caught-up',
    file: 'node/broker/catching-up.ts',
    text: 'this.#waiting = []',
    replacement: 'this.#waiting = undefined',
    breaks: 'On a node that has just started a subscription from now on gets what had its place long before.',
    tests: ['test/broker/catching-up.test.ts'],
  },
  {
    name: 'member-refused-for-an-old-epoch',
    file: 'node/broker/queue-member.ts',
    text: "this.#state !== 'waiting' && this.#present()",
    replacement: 'this.#present()',
    breaks: 'A member that joins on a node that has just started is refused for an epoch of long ago.',
    tests: ['test/broker/queue-streams.test.ts'],
  },
  {
    name: 'earliest-is-what-is-here',
    file: 'node/broker/start.ts',
    text: 'const first = isLeader ?',
    replacement: 'const first = isLeader || replica.fence !== undefined ?',
    breaks:
      'In an epoch that is ending, the earliest messages are those of this node, not those that others hold.',
    tests: [noEpoch],
  },
  {
    name: 'ended-epoch-taken-for-the-present',
    file: 'node/broker/epoch.ts',
    text: 'if (present === undefined || !isNext(present)) return',
    replacement: 'if (present === undefined) return',
    breaks:
      'A node whose log is ahead of its catalog stays in an epoch that is over, without what comes behind it.',
    tests: ['test/broker/remade-log-first.test.ts'],
  },
  {
    name: 'stored-before-it-stands-anywhere',
    file: 'node/broker/session-table.ts',
    text: '(subscription.subscriber?.streams.length ?? 0) === 0',
    replacement: 'subscription.subscriber?.streams.length === 0',
    breaks: 'A subscription that waits for its name stores the beginning in the place of where it stood.',
    tests: ['test/broker/durable-names.test.ts'],
  },
]
