// One run: fresh servers, fresh publisher and subscribers, a warm-up that is thrown away, then the measured phase. Whatever
// is started here is stopped here.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RunningServers, System } from './drivers/driver.ts'
import { toProblem, withServers } from './fresh-servers.ts'
import { type Measurement, nothing, type PhaseOutcome, toDeliveryProblem, toMeasurement } from './outcome.ts'
import { payloadBytesMin } from './payload.ts'
import { cpuMsOf } from './process-usage.ts'
import { StoredCheck } from './stored-check.ts'
import { WorkerProcess } from './worker-process.ts'
import type { PublishRequest } from './worker-protocol.ts'

/** What the publisher does: flat out, with so many publications without an answer at any time, or at a fixed rate. */
export type Traffic =
  | { readonly kind: 'flood' }
  | { readonly kind: 'loop'; readonly inFlight: number }
  | { readonly kind: 'load'; readonly ratePerSecond: number }

/** What is measured. */
export interface MeasurementPlan {
  readonly serverCount: number
  /** Without subscribers, what is measured is the way to the acknowledgement. */
  readonly subscriberCount: number
  readonly payloadBytes: number
  readonly traffic: Traffic
}

export interface MeasurementOptions {
  /** Of a flood; a schedule warms up thirty times as long, because it makes so many fewer calls in a second. */
  readonly warmUpMs: number
  /**
   * Of a flood; a schedule runs ten times as long: for more samples at low rates, and so that the one full collection which a
   * server or client may have in it weighs what it weighs, not a whole run or nothing.
   */
  readonly durationMs: number
  /** Folder for processor profiles of all Node processes; undefined for none. */
  readonly profileDirectory: string | undefined
}

/** Node puts the process id in, so that every server gets a file of its own. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of Node, not of a template.
const serverProfileName = 'server-${pid}.cpuprofile'
const topic = 'bench.messages'
const phases = { probe: 1, warmUp: 2, measured: 3 } as const
const probeTimeoutMs = 20_000
const probePauseMs = 20

/** Runs one measurement of one system. What fails is a measurement without a result, with the reason. */
export async function measure(
  system: System,
  plan: MeasurementPlan,
  options: MeasurementOptions,
): Promise<Measurement> {
  const nodeOptions = toNodeOptions(system, options, serverProfileName)
  try {
    return await withServers(system, { serverCount: plan.serverCount, nodeOptions }, (servers) =>
      measureServers({ system, plan, options, servers }),
    )
  } catch (error) {
    return { ...nothing, problem: toProblem(error) }
  }
}

interface Run {
  readonly system: System
  readonly plan: MeasurementPlan
  readonly options: MeasurementOptions
  readonly servers: RunningServers
}

async function measureServers({ system, plan, options, servers }: Run): Promise<Measurement> {
  const publisher = new WorkerProcess(toNodeOptions(system, options, 'publisher.cpuprofile'))
  const subscribers = Array.from(
    { length: plan.subscriberCount },
    (_, index) => new WorkerProcess(toNodeOptions(system, options, `subscriber-${index + 1}.cpuprofile`)),
  )
  try {
    const storedCheck = await StoredCheck.begin(servers)
    await publisher.ask({ op: 'connect', system: system.name, url: storedCheck.publisherUrl })
    if (subscribers.length > 0) {
      await connectSubscribers(system.name, servers, subscribers)
      if (!system.hasFlowControl) passProgress(publisher, subscribers)
      await probe(publisher, subscribers)
    }
    const common = { plan, publisher, subscribers, hasFlowControl: system.hasFlowControl }
    const isTimed = plan.traffic.kind === 'load'
    const warmUpMs = options.warmUpMs * (isTimed ? 30 : 1)
    const warmUp = await runPhase({ ...common, phase: phases.warmUp, durationMs: warmUpMs })
    // Late slots of a warm-up are its purpose; a message that went missing in it is not.
    const problem = toDeliveryProblem(warmUp)
    if (problem !== undefined) return { ...nothing, problem: `in the warm-up: ${problem}` }
    const cpuAtStart = cpuMsOf(servers.pids)
    const durationMs = options.durationMs * (isTimed ? 10 : 1)
    const outcome = await runPhase({ ...common, phase: phases.measured, durationMs })
    const measurement = toMeasurement(outcome, cpuMsOf(servers.pids) - cpuAtStart)
    const storedProblem = await storedCheck.findProblem(warmUp.sent.sent + outcome.sent.sent)
    return { ...measurement, problem: measurement.problem ?? storedProblem }
  } finally {
    await Promise.all([publisher, ...subscribers].map((worker) => worker.stop()))
  }
}

function toNodeOptions(system: System, { profileDirectory }: MeasurementOptions, name: string): string[] {
  if (profileDirectory === undefined) return []
  return ['--cpu-prof', '--cpu-prof-dir', join(profileDirectory, system.name), '--cpu-prof-name', name]
}

/** Subscribers use the last server: with one server, the publisher's. */
async function connectSubscribers(
  system: string,
  servers: RunningServers,
  subscribers: readonly WorkerProcess[],
): Promise<void> {
  await Promise.all(
    subscribers.map(async (subscriber) => {
      await subscriber.ask({ op: 'connect', system, url: servers.urls.at(-1) ?? '' })
      await subscriber.ask({
        op: 'expect',
        phase: phases.probe,
        payloadBytes: payloadBytesMin,
        isTimed: false,
        tellsProgress: false,
      })
      await subscriber.ask({ op: 'subscribe', topic })
    }),
  )
}

/** Passes on how far the slowest subscriber is. */
function passProgress(publisher: WorkerProcess, subscribers: readonly WorkerProcess[]): void {
  const latest = subscribers.map(() => ({ phase: 0, received: 0 }))
  subscribers.forEach((subscriber, index) => {
    subscriber.onProgress((note) => {
      latest[index] = note
      const same = latest.filter(({ phase }) => phase === note.phase)
      if (same.length < latest.length) return
      publisher.tell({ ...note, received: Math.min(...same.map(({ received }) => received)) })
    })
  })
}

/** Sends single messages until every subscriber has had one: then all servers know of all subscriptions. */
async function probe(publisher: WorkerProcess, subscribers: readonly WorkerProcess[]): Promise<void> {
  const deadline = performance.now() + probeTimeoutMs
  for (;;) {
    await publisher.ask({ op: 'probe', topic, phase: phases.probe })
    await delay(probePauseMs)
    const counts = await Promise.all(subscribers.map((subscriber) => subscriber.count()))
    if (counts.every((count) => count > 0)) return
    if (performance.now() > deadline) throw new Error('no message reached every subscriber')
  }
}

interface PhaseOptions {
  readonly plan: MeasurementPlan
  readonly publisher: WorkerProcess
  readonly subscribers: readonly WorkerProcess[]
  readonly phase: number
  readonly durationMs: number
  readonly hasFlowControl: boolean
}

async function runPhase(options: PhaseOptions): Promise<PhaseOutcome> {
  const { plan, publisher, subscribers, phase } = options
  const { payloadBytes, traffic } = plan
  const isTimed = traffic.kind === 'load'
  const isWindowed = traffic.kind === 'flood' && !options.hasFlowControl
  await Promise.all(
    subscribers.map((subscriber) =>
      subscriber.ask({ op: 'expect', phase, payloadBytes, isTimed, tellsProgress: isWindowed }),
    ),
  )
  const sent = await publisher.publish(toRequest(options, isWindowed))
  const received = await Promise.all(subscribers.map((subscriber) => subscriber.finish(sent.sent)))
  return { sent, received }
}

function toRequest({ plan, phase, durationMs }: PhaseOptions, isWindowed: boolean): PublishRequest {
  const { payloadBytes, traffic, subscriberCount } = plan
  const common = { topic, phase, payloadBytes, durationMs }
  switch (traffic.kind) {
    case 'flood':
      return { op: 'flood', ...common, isWindowed }
    case 'loop':
      return { op: 'loop', ...common, inFlight: traffic.inFlight }
    case 'load': {
      const isAcknowledged = subscriberCount === 0
      return { op: 'load', ...common, ratePerSecond: traffic.ratePerSecond, isAcknowledged }
    }
  }
}
