// Replays a file of etcd's test data, whatever kind it is of.

import { ConfchangeReplay } from './confchange.ts'
import { parseFile, type Step } from './datadriven.ts'
import { toNormalForm } from './interaction/normal-form.ts'
import { InteractionReplay, Unsupported } from './interaction/replay.ts'
import { answerQuorum, isQuorumAnswer } from './quorum.ts'
import { compareLines, type Mismatch, type Verdict } from './verdict.ts'

/** Compares what one step prints with what is expected; undefined where they are equal. */
type Compare = (step: Step) => Pick<Mismatch, 'missing' | 'unexpected'> | undefined

/** Replays a file to its end, or to where it asks for something that does not exist here. Throws FormatError. */
export function replayFile(text: string): Verdict {
  const steps = parseFile(text)
  const kind = kindOf(steps)
  const compare = {
    quorum: compareQuorum,
    confchange: confchangeComparer(),
    interaction: interactionComparer(),
  }[kind]
  const mismatches: Mismatch[] = []
  for (const step of steps) {
    try {
      const difference = compare(step)
      if (difference !== undefined) mismatches.push({ line: step.line, command: step.name, ...difference })
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      return { kind, steps: steps.length, mismatches, unsupported: `line ${step.line}: ${error.message}` }
    }
  }
  return { kind, steps: steps.length, mismatches, unsupported: undefined }
}

function kindOf(steps: readonly Step[]): Verdict['kind'] {
  const [first] = steps
  if (first?.name === 'committed' || first?.name === 'vote') return 'quorum'
  return ['simple', 'enter-joint', 'leave-joint'].includes(first?.name ?? '') ? 'confchange' : 'interaction'
}

function compareQuorum(step: Step): ReturnType<Compare> {
  const answer = answerQuorum(step)
  if (answer === undefined) throw new Unsupported(`unknown command "${step.name}"`)
  if (isQuorumAnswer(step.expected, answer)) return undefined
  return { missing: step.expected.slice(-1), unexpected: [answer] }
}

function confchangeComparer(): Compare {
  const replay = new ConfchangeReplay()
  return (step) => {
    const answer = replay.answer(step)
    if (answer === undefined) throw new Unsupported(`unknown command "${step.name}"`)
    return compareLines(step.expected, answer)
  }
}

function interactionComparer(): Compare {
  const replay = new InteractionReplay()
  return (step) => compareLines(toNormalForm(step.expected), toNormalForm(replay.answer(step)))
}
