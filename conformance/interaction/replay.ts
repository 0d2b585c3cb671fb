// Replays files of commands to a whole group.

import type { MembershipChange } from '../../node/core/raft/change.ts'
import type { ConfigurationRecord } from '../../node/core/raft/configuration.ts'
import { noData } from '../../node/core/raft/entry.ts'
import type { RaftOptions } from '../../node/core/raft/options.ts'
import { type Argument, type CommandLine, flagOf, parseCommand, type Step, valuesOf } from '../datadriven.ts'
import { describeProgress, parseChanges } from '../describe.ts'
import { Environment, type Recipient } from './environment.ts'
import { Member } from './member.ts'
import { describeEntry, describeMessage, describeRole, olderForm } from './text.ts'

/** The file asks for something that these groups do not have. */
export class Unsupported extends Error {}

const unlimited = Number.MAX_SAFE_INTEGER
const electionTicks = 3
const heartbeatTicks = 1

export class InteractionReplay {
  readonly #environment = new Environment((...lines) => this.#print(...lines))
  #output: string[] = []
  #indent = ''
  /** At the highest level nothing is printed but errors. */
  #isQuiet = false

  /** What a step prints. Throws Unsupported. */
  answer(step: Step): string[] {
    this.#output = []
    if (step.name === 'propose-conf-change') this.#guard(() => this.#proposeChange(step))
    else {
      this.#guard(() => this.#run(step))
      for (const line of step.input) this.#guard(() => this.#run(parseCommand(line)))
    }
    return this.#output.length === 0 ? ['ok'] : this.#output
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Unsupported) throw error
      this.#output.push(error.message)
    }
  }

  #print(...lines: string[]): void {
    if (!this.#isQuiet) this.#output.push(...lines.map((line) => this.#indent + line))
  }

  #run({ name, args }: CommandLine): void {
    const environment = this.#environment
    const first = (): Member => environment.member(Number(args[0]?.key))
    switch (name) {
      case '_breakpoint':
        return
      case 'add-nodes':
        return this.#addNodes(args)
      case 'campaign':
        return first().raft.campaign()
      case 'compact':
        first().log.compact(Number(args[1]?.key))
        return this.#printLog(first())
      case 'deliver-msgs':
        return this.#deliver(args)
      case 'log-level':
        this.#isQuiet = args[0]?.key.toLowerCase() === 'none'
        return
      case 'process-ready':
        return this.#each(args, 'handling Ready', (member) => environment.processReady(member))
      case 'process-append-thread':
        return this.#each(args, 'processing append thread', (member) => environment.processWrite(member))
      case 'process-apply-thread':
        return this.#each(args, 'processing apply thread', (member) => environment.processApply(member))
      case 'propose':
        return this.#propose(first(), args[1]?.key ?? '')
      case 'raft-log':
        return this.#printLog(first())
      case 'raft-state':
        return this.#printStates()
      case 'status':
        return this.#print(...describeProgress(first().raft.status.progress))
      case 'stabilize':
        return this.#stabilize(args)
      default:
        return this.#runRare(name, args, first)
    }
  }

  #runRare(name: string, args: readonly Argument[], first: () => Member): void {
    switch (name) {
      case 'forget-leader':
        return first().raft.forgetLeader()
      case 'report-unreachable':
        return first().raft.reportUnreachable(Number(args[1]?.key))
      case 'send-snapshot':
        return this.#sendSnapshot(first(), Number(args[1]?.key))
      case 'set-randomized-election-timeout':
        return first().raft.setElectionTimeout(numberOf(args, 'timeout', 0))
      case 'tick-election':
        return tick(first(), electionTicks)
      case 'tick-heartbeat':
        return tick(first(), heartbeatTicks)
      case 'transfer-leadership':
        return this.#environment.member(numberOf(args, 'from', 0)).raft.transfer(numberOf(args, 'to', 0))
      default:
        throw new Unsupported(`unknown command "${name}"`)
    }
  }

  #addNodes(args: readonly Argument[]): void {
    if (valuesOf(args, 'read-only')[0] === 'lease-based')
      throw new Unsupported('reads by a lease do not exist here')
    const index = numberOf(args, 'index', 0)
    const configuration: ConfigurationRecord = {
      voters: valuesOf(args, 'voters').map(Number),
      outgoing: [],
      learners: valuesOf(args, 'learners').map(Number),
      learnersNext: [],
      autoLeave: false,
    }
    const data = Buffer.from(valuesOf(args, 'content')[0] ?? '')
    const isStarted =
      index > 0 || configuration.voters.length + configuration.learners.length + data.length > 0
    if (isStarted && index <= 1) throw new Error('index must be specified as > 1 due to bootstrap')
    const start = { term: 1, index, configuration, data: data.length > 0 ? data : noData }
    const isAsync = flagOf(args, 'async-storage-writes')
    for (let count = Number(args[0]?.key); count > 0; count--) {
      const id = this.#environment.members.length + 1
      this.#environment.members.push(
        new Member(optionsOf(id, args, isAsync), isAsync, isStarted ? start : undefined),
      )
    }
  }

  #deliver(args: readonly Argument[]): void {
    const recipients: Recipient[] = args.flatMap(({ key, values }): Recipient[] => {
      if (values.length === 0) return [{ id: Number(key), drops: false }]
      return key === 'drop' ? values.map((id) => ({ id: Number(id), drops: true })) : []
    })
    if (this.#environment.deliver(recipients, valuesOf(args, 'type')[0]) === 0) this.#print('no messages')
  }

  #each(args: readonly Argument[], what: string, run: (member: Member) => void): void {
    const ids = idsOf(args)
    for (const id of ids) {
      const member = this.#environment.member(id)
      if (ids.length > 1) this.#inSection(`> ${id} ${what}`, () => run(member))
      else run(member)
    }
  }

  #inSection(title: string, run: () => void): void {
    this.#print(title)
    const before = this.#indent
    this.#indent = `${before}  `
    try {
      run()
    } finally {
      this.#indent = before
    }
  }

  #propose({ raft }: Member, text: string): void {
    if (raft.propose([{ data: Buffer.from(text) }]) !== undefined) throw new Error('raft proposal dropped')
  }

  #proposeChange({ args, input }: Step): void {
    const isOlder = flagOf(args, 'v1')
    const changes = parseChanges(input.join(' '))
    const transition = transitionOf(valuesOf(args, 'transition')[0] ?? 'auto')
    if (isOlder && (changes.length > 1 || transition !== 'auto'))
      throw new Error('v1 conf change can only have one operation and no transition')
    const change: MembershipChange = { changes, transition }
    if (isOlder) olderForm.add(change)
    const { raft } = this.#environment.member(Number(args[0]?.key))
    if (raft.propose([{ data: noData, change }]) !== undefined) throw new Error('raft proposal dropped')
  }

  #sendSnapshot(member: Member, to: number): void {
    const { term } = member.raft.status
    const message = { kind: 'snapshot', from: member.id, to, term, snapshot: member.snapshot } as const
    this.#environment.enqueue(message)
    this.#print(...describeMessage(message))
  }

  /** Readys, deliveries, writes and appliances of all members, or of some, until nothing happens any more. */
  #stabilize(args: readonly Argument[]): void {
    const wasQuiet = this.#isQuiet
    const level = valuesOf(args, 'log-level')[0]
    if (level !== undefined) this.#isQuiet = level.toLowerCase() === 'none'
    const ids = idsOf(args)
    const members =
      ids.length === 0 ? this.#environment.members : ids.map((id) => this.#environment.member(id))
    while (this.#stabilizeOnce(members)) {
      // One more round.
    }
    this.#isQuiet = wasQuiet
  }

  #stabilizeOnce(members: readonly Member[]): boolean {
    const environment = this.#environment
    let isBusy = false
    const each = (what: string, isDue: (member: Member) => boolean, run: (member: Member) => void): void => {
      for (const member of members) {
        if (!isDue(member)) continue
        isBusy = true
        this.#inSection(`> ${member.id} ${what}`, () => {
          do run(member)
          while (what.startsWith('processing') && isDue(member))
        })
      }
    }
    each(
      'handling Ready',
      ({ raft }) => raft.hasReady,
      (member) => environment.processReady(member),
    )
    each(
      'receiving messages',
      ({ id }) => environment.hasMessagesFor(id),
      ({ id }) => environment.deliver([{ id, drops: false }], undefined),
    )
    each(
      'processing append thread',
      ({ writes }) => writes.length > 0,
      (member) => environment.processWrite(member),
    )
    each(
      'processing apply thread',
      ({ applies }) => applies.length > 0,
      (member) => environment.processApply(member),
    )
    return isBusy
  }

  #printLog({ log }: Member): void {
    const { firstIndex, lastIndex } = log
    if (lastIndex < firstIndex)
      return this.#print(`log is empty: first index=${firstIndex}, last index=${lastIndex}`)
    this.#print(...log.entries(firstIndex, lastIndex, unlimited).map(describeEntry))
  }

  #printStates(): void {
    for (const { id, raft } of this.#environment.members) {
      const { role, configuration, term, leader } = raft.status
      const voter = configuration.isElector(id) ? 'Voter' : 'Non-Voter'
      this.#print(`${id}: ${describeRole(role)} (${voter}) Term:${term} Lead:${leader}`)
    }
  }
}

function optionsOf(id: number, args: readonly Argument[], isAsync: boolean): RaftOptions {
  return {
    id,
    electionTicks,
    heartbeatTicks,
    preVote: flagOf(args, 'prevote'),
    checkQuorum: flagOf(args, 'checkquorum'),
    stepsDownOnRemoval: flagOf(args, 'step-down-on-removal'),
    forwardsProposals: true,
    checksChanges: !flagOf(args, 'disable-conf-change-validation'),
    joinsBehindSnapshots: false,
    appendBytesMax: unlimited,
    flow: { messages: numberOf(args, 'inflight', unlimited), bytes: unlimited },
    uncommittedBytesMax: unlimited,
    applyingBytesMax: numberOf(args, 'max-committed-size-per-ready', unlimited),
    readsMax: unlimited,
    appliesBeforeDurable: !isAsync,
    random: () => 0,
  }
}

function tick({ raft }: Member, ticks: number): void {
  for (let count = 0; count < ticks; count++) raft.tick()
}

function transitionOf(word: string): MembershipChange['transition'] {
  if (word === 'auto' || word === 'implicit' || word === 'explicit') return word
  throw new Error(`unknown transition ${word}`)
}

function idsOf(args: readonly Argument[]): number[] {
  return args.filter(({ values }) => values.length === 0).map(({ key }) => Number(key))
}

function numberOf(args: readonly Argument[], key: string, fallback: number): number {
  const [value] = valuesOf(args, key)
  return value === undefined ? fallback : Number(value)
}
