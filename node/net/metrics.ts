// The numbers behind `/metrics`: Node's own process metrics, every counter of the node, and gauges read when asked. The library
// behind them takes 10 MB, so it is loaded by the first scrape: a node that nobody scrapes does not pay for it.

import type { Registry } from 'prom-client'
import { type Counters, counterMeanings } from '../core/common/counters.ts'

/** A value that goes up and down, read when the metrics are asked for. */
export interface GaugeSource {
  /** As in Prometheus, without the prefix: `sessions`, `retained_bytes`. */
  readonly name: string
  readonly meaning: string
  readonly read: () => number
}

/** What `GET /metrics` answers with. */
export interface MetricsPage {
  readonly contentType: string
  metrics(): Promise<string>
}

/** The metrics of one node. Nothing is registered globally, so that one process may hold several nodes. */
export function createMetrics(counters: Counters, gauges: readonly GaugeSource[]): MetricsPage {
  let registry: Promise<Registry> | undefined
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async metrics() {
      registry ??= createRegistry(counters, gauges)
      return (await registry).metrics()
    },
  }
}

async function createRegistry(counters: Counters, gauges: readonly GaugeSource[]): Promise<Registry> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  // The default of 10 ms wakes an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  for (const [name] of counters.entries()) {
    new Counter({
      name: `herald_${toSnakeCase(name)}_total`,
      help: counterMeanings[name],
      registers: [registry],
      collect() {
        this.reset()
        this.inc(counters.get(name))
      },
    })
  }
  for (const gauge of gauges) {
    new Gauge({
      name: `herald_${gauge.name}`,
      help: gauge.meaning,
      registers: [registry],
      collect() {
        this.set(gauge.read())
      },
    })
  }
  return registry
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
