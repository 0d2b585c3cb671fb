// The Raft core against test data of etcd's Raft library, and that a replay can fail.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseFile } from '../../conformance/datadriven.ts'
import { replayFile } from '../../conformance/replay.ts'

const folder = join(import.meta.dirname, 'etcd-raft')
const files = globSync('*/*.txt', { cwd: folder }).sort()
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

test('all files of the three kinds are there', () => {
  const kinds = Map.groupBy(files, (file) => replayFile(read(file)).kind)
  assert.deepEqual(
    [...kinds].map(([kind, { length }]) => [kind, length]),
    [
      ['confchange', 9],
      ['interaction', 28],
      ['quorum', 4],
    ],
  )
})

/** Of a leader that answers reads by a lease, which Herald's never does. */
const leases = 'interaction/forget_leader_read_only_lease_based.txt'

for (const file of files) {
  if (file === leases) continue
  test(`decides as etcd's library does in ${file}`, () => {
    const { mismatches, unsupported } = replayFile(read(file))
    assert.deepEqual([mismatches, unsupported], [[], undefined])
  })
}

test('says of the one file that asks for reads by a lease why it is not replayed', () => {
  assert.equal(replayFile(read(leases)).unsupported, 'line 5: reads by a lease do not exist here')
})

const changes: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  ['an index that is committed', 'quorum/majority_commit.txt', '\n12\n', '\n13\n'],
  ['the outcome of a vote', 'quorum/joint_vote.txt', '\nVoteWon\n', '\nVoteLost\n'],
  ['a member of a configuration', 'confchange/joint_autoleave.txt', 'voters=(1 2 3)', 'voters=(1 2)'],
  ['where a member is sent entries from', 'confchange/simple_promote_demote.txt', 'next=2', 'next=3'],
  ['a message', 'interaction/campaign.txt', '1->3 MsgVote Term:1', '1->3 MsgVote Term:2'],
  ['an entry', 'interaction/lagging_commit.txt', '1/12 EntryNormal', '1/11 EntryNormal'],
  ['what is to be durable', 'interaction/checkquorum.txt', 'Vote:2 Commit:11', 'Commit:11'],
  ['who leads', 'interaction/single_node.txt', 'Lead:1', 'Lead:0'],
  ['what a member is known to have', 'interaction/snapshot_succeed_via_app_resp.txt', 'match=11', 'match=10'],
]
for (const [what, file, from, to] of changes) {
  test(`finds where ${what} differs`, () => {
    const text = read(file)
    assert.ok(text.includes(from))
    assert.ok(replayFile(text.replace(from, to)).mismatches.length > 0)
  })
}

test('does not compare what etcd writes to its own log', () => {
  const text = read('interaction/campaign.txt').replaceAll(/INFO .*/g, 'INFO other words')
  assert.deepEqual(replayFile(text).mismatches, [])
})

test('says where a file asks for something that does not exist', () => {
  const text = `${read('interaction/single_node.txt')}\nlease-read 1\n----\nok\n`
  assert.match(replayFile(text).unsupported ?? '', /^line \d+: unknown command "lease-read"$/)
})

test('reads arguments, lists, continued lines, input and expectations with empty lines', () => {
  const text =
    '# c\ncmd 1 a=b \\\n  c=(1,2) d=(3 4)\nin put\n----\n----\none\n\ntwo\n----\n----\n\nnext\n----\nok\n'
  const [first, second] = parseFile(text)
  assert.deepEqual(first, {
    line: 2,
    name: 'cmd',
    args: [
      { key: '1', values: [] },
      { key: 'a', values: ['b'] },
      { key: 'c', values: ['1', '2'] },
      { key: 'd', values: ['3', '4'] },
    ],
    input: ['in put'],
    expected: ['one', '', 'two'],
  })
  assert.deepEqual([second?.name, second?.expected], ['next', ['ok']])
})

test('the command prints a line for each file and fails where one differs', () => {
  const script = join(import.meta.dirname, '..', '..', 'conformance', 'main.ts')
  const run = (...args: string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  const replayed = files.filter((file) => file !== leases)
  const good = run(...replayed.map((file) => join(folder, file)))
  assert.equal(good.status, 0)
  assert.equal(good.stdout.trim().split('\n').length, replayed.length)
  assert.match(good.stdout, /majority_vote\.txt: equal \(quorum, 22 steps\)/)
  const bad = run(join(folder, 'missing.txt'), join(folder, 'README.md'))
  assert.equal(bad.status, 1)
  assert.match(
    bad.stdout,
    /missing\.txt: not replayed, ENOENT.*\n.*README\.md: not replayed, line 3: no ----/,
  )
  assert.equal(run().status, 2)
})
