// Whether nodes keep to the chain of epochs that the committed entries say (docs/switching.md): one mode an epoch, nothing behind its seal, nothing
// before everything of the one before, and in leader mode what has the place, and nothing else.

import { type Boot, fromOrigin, type StreamId, toOrigin, toStreamId } from '../../node/core/common/ids.ts'
import type { ProducerTag } from '../../node/wire/batch-producer.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import type { DurableEntry } from '../leader/durable-log.ts'
import type { LogObserver } from '../leader/log-world.ts'
import { Violation } from '../run.ts'
import {
  type ChainedEpoch,
  type ChainListener,
  EpochChain,
  type Place,
  type StreamChain,
} from './epoch-chain.ts'
import type { ProducerJudge } from './producer-judge.ts'
import type { Read, SwitchingReader } from './switching-reader.ts'
import type { Verdict, VerdictOptions } from './verdict.ts'

type EpochJudgeOptions = Pick<VerdictOptions, 'hasSilence' | 'mayDrop'>

export class EpochJudge implements LogObserver, ChainListener {
  readonly #verdict: Verdict
  readonly #producers: ProducerJudge
  readonly #options: EpochJudgeOptions
  readonly #chain = new EpochChain(this)
  /** By boot and number of an epoch, as its batches carry it: the last sequence that its node said to be numbered in it. */
  readonly #sealed = new Map<string, number>()
  /** By node, stream and epoch: what was delivered there when it heard of the end. */
  readonly #ending = new Map<string, ReadonlyMap<Boot, number>>()
  /** By stream and epoch, and by the node whose readers they are: the last sequence of each boot that was read in it. */
  readonly #read = new Map<string, Map<Boot | undefined, Map<Boot, number>>>()
  readonly #boots = new Map<string, Boot>()
  /** In which session and epoch each reader was found last. */
  readonly #found = new Map<SwitchingReader, string>()

  constructor(verdict: Verdict, producers: ProducerJudge, options: EpochJudgeOptions) {
    this.#verdict = verdict
    this.#producers = producers
    this.#options = options
  }

  onCommitted(_group: number, { data }: DurableEntry): void {
    this.#chain.apply(data)
  }

  onPlaced({ name }: StreamChain, offset: number, { boot, sequence }: Place): void {
    const node = this.#chain.nodes.get(boot)
    if (node !== undefined) this.#verdict.onPlaced(name, toOrigin(node, boot), sequence, offset)
  }

  onProducer({ name }: StreamChain, producer: ProducerTag, count: number, offset: number): void {
    this.#producers.onCommitted(name, producer, count, offset)
  }

  onVoid({ name }: StreamChain, boot: Boot, sequence: number): void {
    const node = this.#chain.nodes.get(boot)
    if (node !== undefined) this.#verdict.onVoid(name, toOrigin(node, boot), sequence)
  }

  /** An epoch begins where the one before began, or behind it, and behind nothing that nobody has numbered. */
  onEpoch({ name }: StreamChain, { number, floor }: ChainedEpoch, before: ChainedEpoch): void {
    for (const [boot, to] of before.floor)
      if ((floor.get(boot) ?? 0) < to)
        this.#fail('fence', `${name} ${number} begins behind ${floor.get(boot)} of ${boot}, before ${to}`)
    for (const [boot, to] of floor) {
      const node = this.#chain.nodes.get(boot)
      const numbered = node === undefined ? 0 : this.#verdict.numbered(name, toOrigin(node, boot))
      if (to > numbered)
        this.#fail('fence', `${name} ${number} begins behind ${to} of ${boot}, which numbered ${numbered}`)
    }
    if (this.#options.hasSilence) return
    for (const last of this.#read.get(`${name} ${before.number}`)?.values() ?? [])
      for (const [boot, to] of last)
        if ((floor.get(boot) ?? 0) < to)
          this.#fail(
            'fence',
            `${name} ${before.number} ends at ${floor.get(boot)} of ${boot}, ${to} was read`,
          )
  }

  /**
   * A node is gone, and asks nobody any more to end an epoch behind what its readers have had: what it had told nobody else is gone with it, in gossip
   * mode (docs/switching.md). What somebody else had too, he answers for; what comes to anybody in a later epoch, the verdict finds.
   */
  onCrash(node: Boot): void {
    for (const byNode of this.#read.values()) byNode.delete(node)
  }

  /** A node hears that an epoch in gossip mode ends, and has delivered this of it. */
  onEnding(node: Boot, stream: string, epoch: number, delivered: ReadonlyMap<Boot, number>): void {
    const key = `${node} ${stream} ${epoch}`
    if (!this.#ending.has(key)) this.#ending.set(key, delivered)
  }

  /**
   * A node goes on in the epoch behind. One that begins with a floor of the log, which stands for the end of the epoch, ends it where the floor is: what
   * it holds up to there comes in it, and the rest is told as a gap (docs/switching.md). There are floors where retention drops something.
   */
  onEnded(node: Boot, stream: string, epoch: number, sequences: ReadonlyMap<Boot, number>): void {
    const key = `${node} ${stream} ${epoch}`
    const delivered = new Map(this.#ending.get(key))
    for (const [boot, to] of this.#options.mayDrop ? sequences : [])
      delivered.set(boot, Math.max(to, delivered.get(boot) ?? 0))
    this.#ending.set(key, delivered)
  }

  /** A node has sealed an epoch: it numbers nothing more in it. */
  onSealed(boot: Boot, epochId: StreamId, own: number): void {
    this.#sealed.set(`${boot} ${epochId}`, own)
  }

  /** A node sends what it has numbered in an epoch in gossip mode. */
  onStamped(boot: Boot, epochId: StreamId, to: number): void {
    const own = this.#sealed.get(`${boot} ${epochId}`)
    if (own !== undefined && to > own)
      this.#fail('seal', `${boot} has sealed an epoch at ${own}, and sends ${to} in it`)
  }

  /** A publisher is told where its messages are. */
  onOutcome(outcome: PublishOutcome): void {
    if (outcome.status !== 'stored') return
    for (const { stream, boot, first, records, epoch, offset, isDuplicate } of outcome.runs)
      for (let nth = 0; isDuplicate !== true && offset > 0 && nth < records; nth++)
        this.#expectPlace(stream, offset + nth, { boot, sequence: first + nth, epoch }, 'is told to be there')
  }

  /** Comes behind the verdict. */
  onRead(reader: SwitchingReader, read: Omit<Read, 'id'>): void {
    const { stream, origin, sequence, epoch: number, offset } = read
    const boot = this.#bootOf(origin)
    if (boot === undefined) return
    const chain = this.#chain.find(toStreamId(stream))
    const epoch = chain?.epochs.get(number) ?? (number === 0 ? firstEpoch : undefined)
    const what = `reader ${reader.number}: ${stream} ${origin} ${sequence}, place ${offset}`
    if (epoch === undefined) return this.#fail('one chain', `${what}: no epoch ${number} has begun`)
    if ((epoch.mode === 'leader') !== offset > 0)
      this.#fail('one chain', `${what}: epoch ${number} is in ${epoch.mode} mode`)
    if (offset > 0) this.#expectPlace(toStreamId(stream), offset, { boot, sequence, epoch: number }, what)
    else this.#judgeEnd(reader, read, boot, what)
    this.#judgeFloor(reader, epoch, stream, what)
  }

  /**
   * Nothing that lies behind the end of an epoch is of it. What a node had delivered before it heard of the end, its own readers may have had in it
   * (docs/switching.md); where all nodes hear each other there is no such node.
   */
  #judgeEnd(reader: SwitchingReader, read: Omit<Read, 'id'>, boot: Boot, what: string): void {
    const { stream, epoch, sequence } = read
    const key = `${stream} ${epoch}`
    const byNode = this.#read.get(key) ?? new Map<Boot | undefined, Map<Boot, number>>()
    const last = byNode.get(reader.node?.boot) ?? new Map<Boot, number>()
    last.set(boot, Math.max(sequence, last.get(boot) ?? 0))
    this.#read.set(key, byNode.set(reader.node?.boot, last))
    const next = this.#chain.find(toStreamId(stream))?.epochs.get(epoch + 1)
    const had = this.#ending.get(`${reader.node?.boot} ${key}`)
    if (had === undefined && (next === undefined || this.#options.hasSilence)) return
    const end = next?.floor.get(boot) ?? 0
    const allowed = this.#options.hasSilence || next === undefined ? Math.max(end, had?.get(boot) ?? 0) : end
    if (sequence > allowed) this.#fail('fence', `${what}: epoch ${epoch} ends at ${end}, here at ${allowed}`)
  }

  /** Whoever reads an epoch has passed everything up to where it begins. */
  #judgeFloor(reader: SwitchingReader, { number, floor }: ChainedEpoch, stream: string, what: string): void {
    const found = `${reader.session} ${number}`
    if (this.#found.get(reader) === found) return
    this.#found.set(reader, found)
    for (const [boot, to] of floor) {
      const node = this.#chain.nodes.get(boot)
      const origin = node === undefined ? '' : toOrigin(node, boot)
      // Who comes from now on is owed nothing of what it has never met.
      const at = this.#verdict.passedBy(reader, origin) ?? (reader.isNewcomer ? to : 0)
      if (at < to)
        this.#fail(
          'floor',
          `${what}: epoch ${number} of ${stream} begins behind ${origin} ${to}, it is at ${at}`,
        )
    }
  }

  #expectPlace(stream: StreamId, offset: number, wanted: Place, what: string): void {
    const place = this.#chain.find(stream)?.places.get(offset)
    const { boot, sequence, epoch } = wanted
    if (place?.boot === boot && place.sequence === sequence && place.epoch === epoch) return
    const there = place === undefined ? 'nothing' : `${place.boot} ${place.sequence} of epoch ${place.epoch}`
    this.#fail('committed order', `${stream} ${offset} is ${there}; ${boot} ${sequence} of ${epoch} ${what}`)
  }

  #bootOf(origin: string): Boot | undefined {
    const boot = this.#boots.get(origin) ?? fromOrigin(origin)?.boot
    if (boot !== undefined) this.#boots.set(origin, boot)
    return boot
  }

  #fail(rule: string, why: string): void {
    throw new Violation(rule, why)
  }
}

const firstEpoch: ChainedEpoch = { number: 0, mode: 'gossip', floor: new Map() }
