// Replays files that change a configuration step by step.

import {
  type ChangeContext,
  ChangeRefused,
  enterJoint,
  leave,
  type Membership,
  simpleChange,
} from '../node/core/raft/change.ts'
import { Configuration } from '../node/core/raft/configuration.ts'
import { flagOf, type Step } from './datadriven.ts'
import { describeConfiguration, describeProgress, parseChanges } from './describe.ts'

export class ConfchangeReplay {
  #membership: Membership = { configuration: new Configuration(), progress: new Map() }
  /** Every step counts as an entry, so that it shows when a member joined. */
  #lastIndex = 0

  /** What a step prints; undefined where it is none of this kind. */
  answer(step: Step): string[] | undefined {
    const changes = (): ReturnType<typeof parseChanges> => parseChanges(step.input.join(' '))
    const context = { lastIndex: this.#lastIndex++, limits: { messages: 10, bytes: Number.MAX_VALUE } }
    switch (step.name) {
      case 'simple':
        return this.#change((membership) => simpleChange(membership, changes(), context))
      case 'enter-joint':
        return this.#change((membership) => this.#enter(membership, step, context))
      case 'leave-joint':
        return this.#change(leave)
      default:
        return undefined
    }
  }

  #enter(membership: Membership, step: Step, context: ChangeContext): Membership {
    return enterJoint(membership, flagOf(step.args, 'autoleave'), parseChanges(step.input.join(' ')), context)
  }

  #change(change: (membership: Membership) => Membership): string[] {
    try {
      this.#membership = change(this.#membership)
    } catch (error) {
      if (error instanceof ChangeRefused) return [error.message]
      throw error
    }
    const { configuration, progress } = this.#membership
    return [describeConfiguration(configuration), ...describeProgress(progress)]
  }
}
