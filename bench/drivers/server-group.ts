// The servers of one system: started together, waited for until each is ready, killed and started again one by one, and stopped
// together.

import type { RunningServers } from './driver.ts'
import { ServerProcess } from './server-process.ts'

/** One server of a group. */
export interface ServerPlan {
  /** Client address. */
  readonly url: string
  readonly command: string
  readonly options: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
  /** Whether it can be used; asked again and again until it can. */
  isReady(): Promise<boolean>
}

export class ServerGroup implements RunningServers {
  readonly urls: readonly string[]
  readonly #plans: readonly ServerPlan[]
  readonly #processes: ServerProcess[]

  /** Starts all of them; they are ready once `untilReady` has resolved. */
  private constructor(plans: readonly ServerPlan[]) {
    this.#plans = plans
    this.urls = plans.map(({ url }) => url)
    this.#processes = plans.map(launch)
  }

  /** Resolves when all are ready; where one does not start, none is left running. */
  static async start(plans: readonly ServerPlan[]): Promise<ServerGroup> {
    const group = new ServerGroup(plans)
    await group.orStop(Promise.all(plans.map((plan, index) => group.#until(index, () => plan.isReady()))))
    return group
  }

  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid)
  }

  /** Waits until something is true of the group, as long as its first server may take to start. */
  async until(isTrue: () => Promise<boolean>): Promise<void> {
    await this.#until(0, isTrue)
  }

  /** What more it takes to start; where that fails, all servers are stopped. */
  async orStop<Result>(step: Promise<Result>): Promise<Result> {
    try {
      return await step
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** SIGKILL; resolves when the process has ended. */
  async kill(index: number): Promise<void> {
    await this.#processes[index]?.kill()
  }

  /** Starts a server that was killed again, with the data it has; resolves when it is ready. */
  async restart(index: number): Promise<void> {
    const plan = this.#plans[index]
    if (plan === undefined) throw new RangeError(`index: ${index} is not 0..${this.#plans.length - 1}`)
    this.#processes[index] = launch(plan)
    await this.#until(index, () => plan.isReady())
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((server) => server.stop()))
  }

  async #until(index: number, isTrue: () => Promise<boolean>): Promise<void> {
    await this.#processes[index]?.until(isTrue)
  }
}

function launch({ command, options, environment }: ServerPlan): ServerProcess {
  return new ServerProcess(command, options, environment)
}
