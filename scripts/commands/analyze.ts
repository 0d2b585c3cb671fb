// `herald analyze`: throughput and latency from the journals, written into a folder as page, data and text.
import type { Command } from 'commander'
import type { Act } from '../cli/context.ts'
export function registerAnalyze(_program: Command, _act: Act): void {}
