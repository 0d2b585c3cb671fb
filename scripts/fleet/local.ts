// The cluster on this machine: one detached process a node, on loopback ports, with everything it leaves under one folder:
//   cluster.json  peers.json  cache/  data/A/  logs/A.log (and A.previous.log, from the run before)
// A node is stopped by SIGTERM and only if its process is the very one that was started (see process-table.ts).

import { spawn } from 'node:child_process'
import { copyFile, mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AdminClient } from '../admin/admin-client.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'
import { checkout } from '../runtime/installation.mjs'
import type {
  Diagnosis,
  DownOptions,
  DownResult,
  Fleet,
  FleetNode,
  FormerJournal,
  UpOptions,
  UpResult,
} from './fleet.ts'
import { clearFormerJournals, listFormerJournals, setAside } from './former-nodes.ts'
import { diagnoseLocal, findReason } from './local-diagnosis.ts'
import { reservePorts } from './local-ports.ts'
import { toArguments, toEnvironment, warmCache } from './local-process.ts'
import { type LocalNode, type LocalState, planIds, readState, withLock, writeState } from './local-state.ts'
import { isRunning, type ProcessHandle, readStart, trySignal } from './process-table.ts'

const nodeCountDefault = 5
/** As many as gossip mode serves without overlays (design, section 5). */
export const nodeCountMax = 16
/** A node drains within 10 s (its own limit); after this it is reported as not stopped. */
const stopTimeoutMs = 15_000
/** From the process to the first answer; a loaded machine with 16 nodes needs several seconds. */
const startTimeoutMs = 30_000
const pollIntervalMs = 25

/** Nodes as processes of this machine. */
export class LocalFleet implements Fleet {
  readonly name = 'local'
  /** Folder of everything that the cluster leaves; `.herald` in the checkout by default. */
  readonly home: string

  constructor(home: string) {
    this.home = home
  }

  async nodes(): Promise<readonly FleetNode[]> {
    const state = await readState(this.home)
    if (state === undefined || !state.nodes.some(isNodeRunning)) {
      throw new CommandError(exitCodes.failure, 'no local cluster is running', {
        next: 'start one with `herald up`',
      })
    }
    return state.nodes.map((node) => ({
      id: node.id,
      clientUrl: `ws://127.0.0.1:${node.port}`,
      adminUrl: `http://127.0.0.1:${node.adminPort}`,
    }))
  }

  async running(): Promise<readonly string[]> {
    const state = await readState(this.home)
    return (state?.nodes ?? []).filter(isNodeRunning).map((node) => node.id)
  }

  async up(options: UpOptions): Promise<UpResult> {
    return await withLock(this.home, async () => {
      const state = await this.#planState(options.nodeCount)
      const running = state.nodes.filter(isNodeRunning)
      const missing = state.nodes.filter((node) => !isNodeRunning(node))
      const started: LocalNode[] = []
      if (missing.length > 0) await warmCache(this.home)
      try {
        for (const node of missing) started.push({ ...node, process: await this.#spawnNode(node) })
      } finally {
        // Also after a failure half-way: what was started must be known, so that `down` stops it.
        const nodes = state.nodes.map((node) => started.find((other) => other.id === node.id) ?? node)
        await writeState(this.home, { version: 1, nodes })
      }
      await Promise.all(started.map((node) => this.#awaitAnswer(node, options.signal)))
      return { started: started.map((node) => node.id), running: running.map((node) => node.id) }
    })
  }

  async down(options: DownOptions): Promise<DownResult> {
    return await withLock(this.home, async () => {
      const state = await readState(this.home)
      const running = (state?.nodes ?? []).filter(isNodeRunning)
      for (const node of running) if (node.process) trySignal(node.process, 'SIGTERM')
      const deadline = Date.now() + stopTimeoutMs
      while (running.some(isNodeRunning) && Date.now() < deadline) {
        await delay(pollIntervalMs, undefined, { signal: options.signal })
      }
      const remaining = running.filter(isNodeRunning)
      return {
        stopped: running.filter((node) => !remaining.includes(node)).map((node) => node.id),
        remaining: remaining.map((node) => ({
          node: node.id,
          reason: `pid ${node.process?.pid} still runs after ${stopTimeoutMs / 1000} s; see ${this.#logFile(node.id)}`,
        })),
      }
    })
  }

  async add(id: string, signal: AbortSignal): Promise<void> {
    await withLock(this.home, async () => {
      const { nodes } = (await readState(this.home)) ?? { nodes: [] }
      if (nodes.some((node) => node.id === id))
        throw new CommandError(exitCodes.failure, `there is a node ${id} already`, {
          next: '`herald node list` shows those that are there',
        })
      if (nodes.length >= nodeCountMax)
        throw new CommandError(exitCodes.failure, `a cluster has at most ${nodeCountMax} nodes`, {
          next: 'let one go first: `herald node remove NAME`',
        })
      const [port = 0, adminPort = 0] = await reservePorts([0, 0])
      let node: LocalNode = { id, port, adminPort }
      await this.#writePeers([...nodes, node])
      try {
        node = { ...node, process: await this.#spawnNode(node) }
        await writeState(this.home, { version: 1, nodes: [...nodes, node] })
        await this.#awaitAnswer(node, signal)
      } catch (error) {
        // One that has ended would be missed for ever, and is no member that could be removed.
        if (!isNodeRunning(node)) await this.#writeNodes(nodes)
        throw error
      }
    })
  }

  /** The process of a node that was removed stops by itself. */
  async forget(id: string): Promise<void> {
    await withLock(this.home, async () => {
      const { nodes } = (await readState(this.home)) ?? { nodes: [] }
      const node = nodes.find((each) => each.id === id)
      if (node === undefined) return
      const deadline = Date.now() + stopTimeoutMs
      while (isNodeRunning(node) && Date.now() < deadline) await delay(pollIntervalMs)
      if (isNodeRunning(node) && node.process !== undefined) trySignal(node.process, 'SIGTERM')
      const remaining = nodes.filter((each) => each !== node)
      await this.#writeNodes(remaining)
      await setAside(this.#dataFolder, id)
    })
  }

  /** Ends a node's process at once, as a crash would. */
  async kill(id: string): Promise<void> {
    const node = (await readState(this.home))?.nodes.find((each) => each.id === id)
    if (node?.process !== undefined) trySignal(node.process, 'SIGKILL')
    while (node !== undefined && isNodeRunning(node)) await delay(pollIntervalMs)
  }

  async formerJournals(): Promise<readonly FormerJournal[]> {
    return await listFormerJournals(this.#dataFolder)
  }

  async clearFormerJournals(): Promise<void> {
    await clearFormerJournals(this.#dataFolder)
  }

  async saveLog(id: string, file: string): Promise<void> {
    await copyFile(this.#logFile(id), file)
  }

  async clearLogs(): Promise<boolean> {
    for (const node of (await readState(this.home))?.nodes ?? []) {
      await truncate(this.#logFile(node.id)).catch(() => undefined)
      await rm(this.#previousLogFile(node.id), { force: true })
    }
    return true
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    return await diagnoseLocal(this.home)
  }

  /** The nodes that should run: those of the running cluster, or a new set that takes over the ports of the last one. */
  async #planState(nodeCount: number | undefined): Promise<LocalState> {
    const last = await readState(this.home)
    if (last?.nodes.some(isNodeRunning)) {
      if (nodeCount === undefined || nodeCount === last.nodes.length) return last
      throw new CommandError(
        exitCodes.failure,
        `a local cluster of ${last.nodes.length} nodes is running already`,
        {
          next: 'stop it with `herald down` before starting one of another size',
        },
      )
    }
    // Those that were there last, whoever has joined or left since.
    const lastIds = (last?.nodes ?? []).map(({ id }) => id)
    const ids = planIds(lastIds, nodeCount ?? (lastIds.length || nodeCountDefault))
    if (lastIds.length > ids.length)
      throw new CommandError(exitCodes.failure, `the cluster here has ${lastIds.length} nodes`, {
        next: `start them with \`herald up\` and let some go with \`herald node remove\`; or delete ${shorten(this.home)} and begin anew`,
      })
    const lastNodes = ids.map((id) => last?.nodes.find((node) => node.id === id))
    const ports = await reservePorts(lastNodes.flatMap((node) => [node?.port ?? 0, node?.adminPort ?? 0]))
    const nodes = ids.map((id, index) => ({
      id,
      port: ports[2 * index] ?? 0,
      adminPort: ports[2 * index + 1] ?? 0,
    }))
    await this.#writePeers(nodes)
    return { version: 1, nodes }
  }

  async #writeNodes(nodes: readonly LocalNode[]): Promise<void> {
    await this.#writePeers(nodes)
    await writeState(this.home, { version: 1, nodes })
  }

  async #writePeers(nodes: readonly LocalNode[]): Promise<void> {
    const entries = nodes.map((node) => `  "${node.id}": ["127.0.0.1", ${node.port}]`)
    await writeFile(join(this.home, 'peers.json'), `{\n${entries.join(',\n')}\n}\n`)
  }

  async #spawnNode(node: LocalNode): Promise<ProcessHandle> {
    const data = join(this.#dataFolder, node.id)
    await mkdir(data, { recursive: true })
    await mkdir(join(this.home, 'logs'), { recursive: true })
    await rename(this.#logFile(node.id), this.#previousLogFile(node.id)).catch(() => undefined)
    const log = await open(this.#logFile(node.id), 'a')
    try {
      const child = spawn(process.execPath, toArguments(this.home, node, data), {
        cwd: checkout,
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: toEnvironment(this.home),
      })
      child.unref()
      const startedAt = child.pid === undefined ? undefined : readStart(child.pid)
      if (child.pid === undefined || startedAt === undefined) throw await this.#toStartError(node)
      return { pid: child.pid, startedAt }
    } finally {
      await log.close()
    }
  }

  async #awaitAnswer(node: LocalNode, signal: AbortSignal): Promise<void> {
    const client = new AdminClient(node.id, `http://127.0.0.1:${node.adminPort}`, { timeoutMs: 1000, signal })
    const deadline = Date.now() + startTimeoutMs
    while (Date.now() < deadline) {
      if (!isNodeRunning(node)) throw await this.#toStartError(node)
      try {
        await client.status()
        return
      } catch {
        await delay(pollIntervalMs, undefined, { signal })
      }
    }
    throw new CommandError(
      exitCodes.unhealthy,
      `node ${node.id} did not answer within ${startTimeoutMs / 1000} s`,
      {
        next: `read ${this.#logFile(node.id)}`,
      },
    )
  }

  async #toStartError(node: LocalNode): Promise<CommandError> {
    const reason = findReason(await readFile(this.#logFile(node.id), 'utf8').catch(() => ''))
    return new CommandError(exitCodes.failure, `node ${node.id} did not start${reason && `: ${reason}`}`, {
      next: `read ${this.#logFile(node.id)}, or run \`herald doctor\``,
    })
  }

  get #dataFolder(): string {
    return join(this.home, 'data')
  }

  #logFile(id: string): string {
    return shorten(join(this.home, 'logs', `${id}.log`))
  }

  #previousLogFile(id: string): string {
    return shorten(join(this.home, 'logs', `${id}.previous.log`))
  }
}

function isNodeRunning(node: LocalNode): boolean {
  return node.process !== undefined && isRunning(node.process)
}

/** The path relative to the working directory where that is shorter; both name the same file. */
function shorten(file: string): string {
  const short = relative(process.cwd(), file)
  return short.length < file.length ? short : file
}
