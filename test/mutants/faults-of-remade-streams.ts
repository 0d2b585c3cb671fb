// Streams that are removed and made again: where one ends and the next begins, on every node.

import type { Mutant } from './mutant.ts'

const remade = 'test/broker/remade-streams.test.ts'
const streamAdmin = 'test/node/stream-admin.test.ts'
const desk = 'test/leader/desk.test.ts'
const worlds = 'test/sim/switching/switching-simulation.test.ts'
const staleView = 'test/integration/leader/stale-view.test.ts'
const streams = 'test/leader/streams.test.ts'
const firstEpoch = 'test/broker/remade-epochs.test.ts'
const modes = 'test/broker/made-again.test.ts'

export const faultsOfRemadeStreams: readonly Mutant[] = [
  {
    name: 'numbers-used-by-gossip-given-again',
    file: 'node/leader/desk.ts',
    text: '(own?.next ?? 1) - 1, used, ',
    replacement: '(own?.next ?? 1) - 1, 0 * used, ',
    breaks:
      'What a node published on a removed stream in gossip mode has the numbers of what it publishes on the next one.',
    tests: [desk, worlds],
  },
  {
    name: 'no-gaps-for-what-a-removal-took',
    file: 'node/leader/desk.ts',
    text: 'if (used.to >= own.next) own.merge(',
    replacement: 'if (used.to < own.next) own.merge(',
    breaks: 'A node whose batches waited when a stream was removed never gets a place on the next one.',
    tests: [desk],
  },
  {
    name: 'gossip-begins-below-what-is-used-up',
    file: 'node/broker/epochs.ts',
    text: 'if (!isLeader) passUsedUp(this.#host, replica)',
    replacement: '',
    breaks: 'A stream that is made again in gossip mode has numbers that its node gave in leader mode.',
    tests: [worlds],
  },
  {
    name: 'cursor-from-before-the-removal',
    file: 'node/broker/subscriber.ts',
    text: 'this.lateStarts.end(feed)\n    this.#carried = joinPositions(this.#carried, [[replica.name, feed.positions()]])',
    replacement: 'this.lateStarts.end(feed)',
    breaks: 'A subscriber whose stream was removed stands before all that it had, and gets it again.',
    tests: ['test/broker/epochs.test.ts'],
  },
  {
    name: 'removal-loses-to-a-change',
    file: 'node/core/gossip/catalog.ts',
    text: 'removed === true ? 1 : 0, toCount(behind), version]',
    replacement: 'toCount(removed), toCount(behind), version]',
    breaks: 'A stream that was removed and changed at once is there, without what its remover has dropped.',
    tests: ['test/core/gossip/catalog.test.ts'],
  },
  {
    name: 'cluster-as-this-node-knows-it',
    file: 'node/meta/cluster.ts',
    text: 'else this.#reads.ask(callback)',
    replacement: 'else callback(true)',
    breaks:
      'A node that was away says that a stream is in gossip mode which went to leader mode for the first time.',
    tests: [staleView],
  },
  {
    name: 'two-modes-for-good',
    file: 'node/broker/epochs.ts',
    text: 'this.#wish(name)',
    replacement: '',
    breaks: 'A stream that is made over two nodes at once, in two modes, stays in both.',
    tests: [staleView],
  },
  {
    name: 'mode-as-this-node-knows-it',
    file: 'node/mode-switch.ts',
    text: 'const isSure = await isCurrent(broker, name)',
    replacement: 'const isSure = (await isCurrent(broker, name)) || true',
    breaks:
      'A node that has just started says that a stream is in leader mode, which went to gossip mode since.',
    tests: ['test/node/mode-switch.test.ts'],
  },
  {
    name: 'made-again-over-what-was-there',
    file: 'node/broker/epochs.ts',
    text: 'this.#host.leader.streams.startBehind(toStreamId(definition.name), definition.behind ?? 0)',
    replacement: 'void definition.behind',
    breaks: 'A node that hears nothing of the removal has what the stream had before, and the others do not.',
    tests: [streamAdmin],
  },
  {
    name: 'late-batch-of-a-removed-stream',
    file: 'node/leader/streams.ts',
    text: 'if (this.#isBefore(frame)) return passBefore',
    replacement: 'if (frame.length === 0) return passBefore',
    breaks:
      'What a node gets late of a removed stream is delivered as its successor’s, there and nowhere else.',
    tests: [streams],
  },
  {
    name: 'made-again-and-not-heard-of',
    file: 'node/leader/streams.ts',
    text: 'this.replicas.get(id) ?? this.#removed.get(id)\n    if (replica === undefined) return',
    replacement: 'this.replicas.get(id)\n    if (replica === undefined) return',
    breaks: 'A node that hears later than of its messages that a stream was made again never delivers those.',
    tests: [streams],
  },
  {
    name: 'stream-ends-where-this-node-is',
    file: 'node/broker/current-view.ts',
    text: "return hasBegun || streams.find(name)?.definition.mode === 'leader'",
    replacement: 'return hasBegun && !streams',
    breaks:
      'Removed through a node that is behind, a stream leaves its last messages to the next one of its name.',
    tests: [streamAdmin],
  },
  {
    name: 'successor-taken-for-the-same',
    file: 'node/broker/broker.ts',
    text: 'for (const name of this.streams.takeReplaced()) this.#removeStream(name)',
    replacement: '',
    breaks: 'Who reads all the time, on a node that hears of the new stream alone, gets nothing of that.',
    tests: [remade],
  },
  {
    name: 'hidden-epochs-forgotten',
    file: 'node/broker/epochs.ts',
    text: '[...this.#hidden(definition.name, number), present]',
    replacement: '[present]',
    breaks:
      'What a node gets of a new stream before it has heard of that, and its mode was changed, is never delivered there.',
    tests: [remade],
  },
  {
    name: 'floor-of-a-hidden-stream',
    file: 'node/leader/streams.ts',
    text: ': this.#show(present)',
    replacement: ': present',
    breaks: 'A floor that comes before the new stream is known gives that a replica of the other mode.',
    tests: [remade],
  },
  {
    name: 'numbers-given-twice',
    file: 'node/broker/epochs.ts',
    text: "definition.mode === 'leader' && definition.made === undefined",
    replacement: "definition.mode === 'leader'",
    breaks:
      'Made again in leader mode, a stream gives the numbers of one in gossip mode once more, and who had those gets nothing.',
    tests: [remade],
  },
  {
    name: 'attached-twice',
    file: 'node/broker/attachments.ts',
    text: 'this.#byStream.get(stream) === attached && ',
    replacement: '',
    breaks:
      'Who waits for its group while a stream is replaced by one with other topics reads that for ever.',
    tests: [remade],
  },
  {
    name: 'attached-behind-hidden-epochs',
    file: 'node/broker/broker.ts',
    text: 'added.includes(replica) ? this.epochs.all(replica.name) : []',
    replacement: '[]',
    breaks: 'Who reads all the time gets nothing of what a new stream had before its mode was changed.',
    tests: [remade],
  },
  {
    name: 'older-stream-taken-for-a-successor',
    file: 'node/broker/stream-table.ts',
    text: '(definition?.made ?? 0) > (this.#made.get(name) ?? 0)',
    replacement: '(definition?.made ?? 0) !== (this.#made.get(name) ?? 0)',
    breaks:
      'A change of the old stream that wins ends the subscriptions on the new one, and what waits on it.',
    tests: [remade],
  },
  {
    name: 'first-epoch-of-an-older-catalog',
    file: 'node/broker/epochs.ts',
    text: 'laterOf(definition.made, this.#host.endOf(definition.name).made)',
    replacement: '(this.#host.endOf(definition.name).made ?? definition.made)',
    breaks:
      'A node whose catalog is behind the log of the group has the first epoch alone, and what others hold of it is told as lost.',
    tests: [firstEpoch],
  },
  {
    name: 'first-epoch-of-an-older-log',
    file: 'node/broker/epochs.ts',
    text: 'laterOf(definition.made, this.#host.endOf(definition.name).made)',
    replacement: '(definition.made ?? 0)',
    breaks: 'A node whose log is behind its catalog takes the first epoch for one of the stream before.',
    tests: [firstEpoch],
  },
  {
    name: 'late-reader-of-an-ended-epoch-asks-nobody',
    file: 'node/broker/attachments.ts',
    text: 'this.#host.epochs.complete(replica)',
    replacement: 'if (start === undefined) this.#host.epochs.complete(replica)',
    breaks: 'Who comes late to an epoch that is over, and of which nobody has anything, stays in it.',
    tests: [firstEpoch],
  },
  {
    name: 'change-brings-a-mode-back',
    file: 'node/mode-switch.ts',
    text: 'if (!isNew) return undefined',
    replacement: 'if (!isNew && made !== undefined) return undefined',
    breaks: 'A change of retention undoes a change of the mode that came meanwhile.',
    tests: [modes],
  },
  {
    name: 'catalog-wants-what-was-asked-before',
    file: 'node/broker/stream-changes.ts',
    text: 'if (definition.mode === mode) return',
    replacement: 'if (definition.mode !== mode) return',
    breaks:
      'A mode that somebody asked for, and was told to have, gives way to the one that the stream was made in.',
    tests: [modes],
  },
  {
    name: 'made-again-in-the-mode-of-before',
    file: 'node/broker/epoch.ts',
    text: 'known !== undefined && (known.made ?? 0) >= made',
    replacement: 'known !== undefined && made >= 0',
    breaks: 'A stream that is made again stays in the mode that its group had the one before in.',
    tests: [modes],
  },
  {
    name: 'change-withdraws-the-mode',
    file: 'node/broker/stream-table.ts',
    text: 'this.#epochs.wantedModeOf(name) ?? present?.mode',
    replacement: 'present?.mode',
    breaks: 'A change of retention leaves a stream in another mode than it was made in.',
    tests: [modes],
  },
  {
    name: 'later-epoch-under-the-old-number',
    file: 'node/broker/epoch.ts',
    text: 'if (made !== undefined) return',
    replacement: 'if (made !== undefined && epoch === 0) return',
    breaks:
      'What was on its way on a removed stream comes on the one that was made again, and a copy that counts is dropped with the old one.',
    tests: [firstEpoch],
  },
  {
    name: 'later-epoch-goes-on-as-the-old-stream',
    file: 'node/broker/epoch.ts',
    text: "return mode === 'gossip' && (definition.made",
    replacement: "return mode === 'gossip' && replica.id === replica.stream && (definition.made",
    breaks:
      'A node whose log brought a later epoch before its catalog brought the new stream has that epoch alone.',
    tests: [firstEpoch],
  },
  {
    name: 'copies-gone-with-the-stream-before',
    file: 'node/broker/epoch.ts',
    text: "definition.mode === 'gossip' && (definition.made ?? 0) >= first",
    replacement: 'definition.made === first - first - 1',
    breaks:
      'What a node has confirmed of a new stream goes when its catalog hears that the one before is removed.',
    tests: [firstEpoch],
  },
]
