// Old files of the log of a node: they are removed when no group needs them, and a group that does writes what it has again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, GroupsHost } from './groups-host.ts'
import { configuration } from './test-group.ts'

/** Appends an entry of so many bytes to a group, and has it written. */
function appendTo(host: GroupsHost, group: number, index: number, bytes: number): void {
  const previous = { term: index === 1 ? 0 : 1, index: index - 1 }
  const entries = [{ term: 1, index, data: new Uint8Array(bytes) }]
  const message = { kind: 'append', from: 2, to: 1, term: 1, previous, entries, commit: 0 } as const
  host.receive({ group, message })
  host.disk.settle()
}

/** What a node does once a second, and the disk with it. */
function dropFiles(host: GroupsHost): void {
  host.groups.dropFiles()
  host.endTurn()
  host.disk.settle()
}

/** Everything up to the last entry of a group is dropped. */
function keepLast(host: GroupsHost, id: number, last: number): void {
  const machine = host.machines.get(id) ?? assert.fail('there is a machine')
  machine.floor = { index: last - 1, state: new Uint8Array(0) }
  host.groups.get(id)?.compact()
  host.endTurn()
  host.disk.settle()
}

test('a file of the log stays while a group needs more of it than is written again', () => {
  const host = new GroupsHost(1, 2)
  // Two entries that are more than 4 MiB together fill the first file; the other group begins the next one.
  appendTo(host, 1, 1, 3_000_000)
  appendTo(host, 1, 2, 3_000_000)
  appendTo(host, 2, 1, 1_000_000)
  appendTo(host, 2, 2, 100)
  const before = [...host.disk.files.keys()]
  assert.ok(before.length > 2)
  for (let second = 0; second < 3; second++) dropFiles(host)
  assert.deepEqual([...host.disk.files.keys()].slice(0, before.length), before)
})

test('a group writes much of a file again where that is little beside the other files', () => {
  const host = new GroupsHost(1, 2)
  const dropped = (): boolean => {
    const [first] = host.disk.files.keys()
    dropFiles(host)
    dropFiles(host)
    return first !== undefined && !host.disk.files.has(first)
  }
  appendTo(host, 1, 1, 5_000_000)
  for (let index = 1; index <= 9; index++) appendTo(host, 2, index, 1_000_000)
  keepLast(host, 2, 9)
  assert.equal(dropped(), false)
  for (let index = 10; index <= 12; index++) appendTo(host, 2, index, 1_000_000)
  keepLast(host, 2, 12)
  assert.equal(dropped(), true)
})

test('groups that need a file together write no more again at once than half of what the files take', () => {
  const ids = [1, 2, 3, 4, 5]
  const host = new GroupsHost(...ids)
  for (let index = 1; index <= 8; index++) for (const id of ids) appendTo(host, id, index, 1_000_000)
  const before = host.disk.writes
  dropFiles(host)
  assert.equal(host.disk.writes, before)
})

test('publishers do not wait for what a group writes of its own accord', () => {
  const host = new GroupsHost(1)
  host.receive({ group: 1, message: append(0, 'a') })
  const floor = { index: 0, term: 0, configuration, data: new Uint8Array(5000) }
  host.groups.write([{ kind: 'floor', group: 1, snapshot: floor }], () => undefined)
  assert.equal(host.groups.diskProblem, undefined)
})
