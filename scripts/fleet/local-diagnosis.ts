// What `doctor` says about the local cluster: processes that died, processes that nobody knows any more, ports that others
// took, and a peers.json that no longer fits the state.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '../runtime/installation.mjs'
import type { Diagnosis } from './fleet.ts'
import { isPortFree } from './local-ports.ts'
import { type LocalNode, type LocalState, readState } from './local-state.ts'
import { findByCommand, isRunning } from './process-table.ts'

/** Everything that can be said about the local cluster without asking its nodes. */
export async function diagnoseLocal(home: string): Promise<readonly Diagnosis[]> {
  const state = await readState(home)
  const leftovers = diagnoseLeftovers(home, state)
  if (state === undefined)
    return [{ subject: 'local cluster', level: 'ok', message: 'never started' }, ...leftovers]
  const running = state.nodes.filter((node) => node.process !== undefined && isRunning(node.process))
  return [
    diagnoseProcesses(state.nodes, running),
    await diagnosePorts(state.nodes, running),
    await diagnosePeers(home, state.nodes),
    ...leftovers,
  ]
}

function diagnoseProcesses(nodes: readonly LocalNode[], running: readonly LocalNode[]): Diagnosis {
  const subject = 'local cluster'
  if (running.length === nodes.length) return { subject, level: 'ok', message: `${nodes.length} nodes run` }
  if (running.length === 0) return { subject, level: 'ok', message: 'stopped' }
  const dead = nodes.filter((node) => !running.includes(node)).map((node) => node.id)
  return {
    subject,
    level: 'fail',
    message: `${dead.join(', ')} of ${nodes.length} nodes ended`,
    action: `read .herald/logs/${dead[0]}.log, then \`herald up\` starts what is missing`,
  }
}

async function diagnosePorts(nodes: readonly LocalNode[], running: readonly LocalNode[]): Promise<Diagnosis> {
  const stopped = nodes.filter((node) => !running.includes(node))
  const taken: number[] = []
  for (const node of stopped) {
    for (const port of [node.port, node.adminPort]) if (!(await isPortFree(port))) taken.push(port)
  }
  const subject = 'local ports'
  if (taken.length === 0) return { subject, level: 'ok', message: 'none is taken by another process' }
  if (running.length === 0) {
    return {
      subject,
      level: 'ok',
      message: `${taken.join(', ')} taken meanwhile; \`herald up\` chooses others`,
    }
  }
  return {
    subject,
    level: 'fail',
    message: `${taken.join(', ')} belong to stopped nodes and are taken by other processes`,
    action: 'stop those processes, or `herald down` and `herald up` to choose other ports',
  }
}

async function diagnosePeers(home: string, nodes: readonly LocalNode[]): Promise<Diagnosis> {
  const subject = 'local peers.json'
  const file = join(home, 'peers.json')
  const action = '`herald down` and `herald up` write it again'
  try {
    const peers: unknown = JSON.parse(await readFile(file, 'utf8'))
    const expected = Object.fromEntries(nodes.map((node) => [node.id, ['127.0.0.1', node.port]]))
    if (JSON.stringify(peers) === JSON.stringify(expected))
      return { subject, level: 'ok', message: 'fits the cluster' }
    return { subject, level: 'fail', message: `${file} names other nodes or ports than cluster.json`, action }
  } catch {
    return { subject, level: 'fail', message: `${file} cannot be read`, action }
  }
}

/** Nodes of this checkout and this home that the state does not know: left by a state file that was deleted. */
function diagnoseLeftovers(home: string, state: LocalState | undefined): readonly Diagnosis[] {
  const known = new Set(state?.nodes.map((node) => node.process?.pid))
  const ours = new Set(findByCommand(join(home, 'peers.json')))
  const pids = findByCommand(join(checkout, 'node', 'main.ts')).filter(
    (pid) => ours.has(pid) && !known.has(pid),
  )
  const subject = 'leftover processes'
  if (pids.length === 0) return [{ subject, level: 'ok', message: 'none' }]
  return [
    {
      subject,
      level: 'warn',
      message: `nodes run that no cluster knows: pid ${pids.join(', ')}`,
      action: `end them with: kill ${pids.join(' ')}`,
    },
  ]
}

/** The line of a node's output that says best why it ended: the last with a code, else the last that names an error, else the last. */
export function findReason(log: string): string {
  const lines = log.trim().split('\n')
  const coded = lines.findLast((line) => /^[A-Z]+(_[A-Z]+)+: /.test(line))
  const named = lines.findLast((line) => /error|: /i.test(line) && !/^\s/.test(line))
  return (coded ?? named ?? lines.at(-1) ?? '').trim()
}
