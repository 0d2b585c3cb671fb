// Changes of a group's members. One voter more or less is a simple change; more of them go through a joint configuration.
// A change is checked and worked out on copies: who asked for an impossible one still has what it had.

import { Configuration, type ConfigurationRecord, differenceOf } from './configuration.ts'
import type { FlowLimits } from './inflights.ts'
import { Progress } from './progress.ts'
import type { MemberId } from './quorum.ts'

/** One step: make a voter, make a learner, or remove. */
export interface MemberChange {
  readonly kind: 'voter' | 'learner' | 'remove'
  readonly id: MemberId
}

/**
 * What a change entry asks for. Without changes it leaves a joint configuration. `auto` is simple where that is possible and else joint,
 * left by itself; `implicit` is joint and left by itself; `explicit` is joint until somebody leaves it.
 */
export interface MembershipChange {
  readonly changes: readonly MemberChange[]
  readonly transition: 'auto' | 'implicit' | 'explicit'
}

/** Leaves a joint configuration. */
export const leaveJoint: MembershipChange = { changes: [], transition: 'auto' }

/** A group's members and what the leader knows of each. */
export interface Membership {
  readonly configuration: Configuration
  readonly progress: ReadonlyMap<MemberId, Progress>
}

/** The change cannot be made to this configuration; the message says why. */
export class ChangeRefused extends Error {}

/** Where new members begin. */
export interface ChangeContext {
  readonly lastIndex: number
  readonly limits: FlowLimits
}

/** What the change makes of the membership. Throws ChangeRefused. */
export function applyChange(
  membership: Membership,
  change: MembershipChange,
  context: ChangeContext,
): Membership {
  if (isLeave(change)) return leave(membership)
  const draft = new Draft(membership, context)
  return isJoint(change)
    ? enter(draft, change.transition !== 'explicit', change.changes)
    : makeSimple(draft, change.changes)
}

function isLeave(change: MembershipChange): boolean {
  return change.changes.length === 0 && change.transition === 'auto'
}

function isJoint(change: MembershipChange): boolean {
  return change.transition !== 'auto' || change.changes.length > 1
}

/** Changes at most one voter, and any learners. Throws ChangeRefused. */
export function simpleChange(
  membership: Membership,
  changes: readonly MemberChange[],
  context: ChangeContext,
): Membership {
  return makeSimple(new Draft(membership, context), changes)
}

/** Enters a joint configuration. Throws ChangeRefused. */
export function enterJoint(
  membership: Membership,
  autoLeave: boolean,
  changes: readonly MemberChange[],
  context: ChangeContext,
): Membership {
  return enter(new Draft(membership, context), autoLeave, changes)
}

/** Leaves a joint configuration. Throws ChangeRefused. */
export function leave({ configuration, progress }: Membership): Membership {
  if (!configuration.isJoint) throw new ChangeRefused("can't leave a non-joint config")
  const next = configuration.copy()
  const kept = new Map(progress)
  for (const id of next.learnersNext) {
    next.learners.add(id)
    const member = kept.get(id)
    if (member !== undefined) member.isLearner = true
  }
  next.learnersNext.clear()
  for (const id of next.outgoing) if (!next.voters.has(id) && !next.learners.has(id)) kept.delete(id)
  next.outgoing.clear()
  next.autoLeave = false
  return { configuration: next, progress: kept }
}

function makeSimple(draft: Draft, changes: readonly MemberChange[]): Membership {
  if (draft.before.isJoint) throw new ChangeRefused("can't apply simple config change in joint config")
  draft.apply(changes)
  if (differenceOf(draft.before.voters, draft.configuration.voters) > 1)
    throw new ChangeRefused('more than one voter changed without entering joint config')
  return draft.finish()
}

function enter(draft: Draft, autoLeave: boolean, changes: readonly MemberChange[]): Membership {
  const { configuration } = draft
  if (configuration.isJoint) throw new ChangeRefused('config is already joint')
  if (configuration.voters.size === 0) throw new ChangeRefused("can't make a zero-voter config joint")
  for (const id of configuration.voters) configuration.outgoing.add(id)
  draft.apply(changes)
  configuration.autoLeave = autoLeave
  return draft.finish()
}

/** The members that a log or a snapshot names. */
export function restoreMembership(record: ConfigurationRecord, context: ChangeContext): Membership {
  const configuration = new Configuration(record)
  const next = Math.max(context.lastIndex, 1)
  const progress = new Map(
    configuration.members.map((id) => {
      const isLearner = configuration.learners.has(id)
      return [id, new Progress(next, isLearner, true, context.limits)]
    }),
  )
  return { configuration, progress }
}

/** A copy that is changed step by step. */
class Draft {
  readonly before: Configuration
  readonly configuration: Configuration
  readonly #progress: Map<MemberId, Progress>
  readonly #context: ChangeContext
  /** Members that are learners afterwards, or not any more: told to their progress when everything was possible. */
  readonly #roles = new Map<MemberId, boolean>()

  constructor({ configuration, progress }: Membership, context: ChangeContext) {
    this.before = configuration
    this.configuration = configuration.copy()
    this.#progress = new Map(progress)
    this.#context = context
  }

  apply(changes: readonly MemberChange[]): void {
    for (const { kind, id } of changes) {
      // A change that was withdrawn names nobody.
      if (id === 0) continue
      if (kind === 'voter') this.#makeVoter(id)
      else if (kind === 'learner') this.#makeLearner(id)
      else this.#remove(id)
    }
    if (this.configuration.voters.size === 0) throw new ChangeRefused('removed all voters')
  }

  finish(): Membership {
    for (const [id, isLearner] of this.#roles) {
      const member = this.#progress.get(id)
      if (member !== undefined) member.isLearner = isLearner
    }
    const inOrder = [...this.#progress].sort(([a], [b]) => a - b)
    return { configuration: this.configuration, progress: new Map(inOrder) }
  }

  #makeVoter(id: MemberId): void {
    const { voters, learners, learnersNext } = this.configuration
    if (!this.#progress.has(id)) this.#begin(id, false)
    this.#roles.set(id, false)
    learners.delete(id)
    learnersNext.delete(id)
    voters.add(id)
  }

  #makeLearner(id: MemberId): void {
    const { outgoing, learners, learnersNext } = this.configuration
    const member = this.#progress.get(id)
    if (member === undefined) {
      this.#begin(id, true)
      learners.add(id)
      return
    }
    if (this.#roles.get(id) ?? member.isLearner) return
    this.#remove(id)
    this.#progress.set(id, member)
    // Whoever still votes in the outgoing half becomes a learner when that is left.
    if (outgoing.has(id)) learnersNext.add(id)
    else {
      this.#roles.set(id, true)
      learners.add(id)
    }
  }

  #remove(id: MemberId): void {
    const { voters, outgoing, learners, learnersNext } = this.configuration
    if (!this.#progress.has(id)) return
    voters.delete(id)
    learners.delete(id)
    learnersNext.delete(id)
    if (!outgoing.has(id)) this.#progress.delete(id)
  }

  #begin(id: MemberId, isLearner: boolean): void {
    const { lastIndex, limits } = this.#context
    // Active from the start: the check of the quorum should not count it as silent before it could answer.
    this.#progress.set(id, new Progress(Math.max(lastIndex, 1), isLearner, true, limits))
  }
}
