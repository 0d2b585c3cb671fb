// The systems that can be measured, by name, in the order of the tables. Each is loaded when it is asked for: a publisher
// with the clients of all systems in its heap would measure the collection of the other ones.

import type { Driver, System } from './driver.ts'
import type { DurableDriver } from './durable-driver.ts'

type Loaders<Each> = Readonly<Record<string, () => Promise<Each>>>

const loaders: Loaders<Driver> = {
  herald: async () => (await import('./herald.ts')).heraldDriver,
  nats: async () => (await import('./nats.ts')).natsDriver,
  redis: async () => (await import('./redis.ts')).redisDriver,
  mosquitto: async () => (await import('./mosquitto.ts')).mosquittoDriver,
}

const durableLoaders: Loaders<DurableDriver> = {
  'herald-leader': async () => (await import('./herald-leader.ts')).heraldLeaderDriver,
  jetstream: async () => (await import('./jetstream.ts')).jetstreamDriver,
  'jetstream-always': async () => (await import('./jetstream.ts')).jetstreamAlwaysDriver,
}

export const systemNames: readonly string[] = [...Object.keys(loaders), ...Object.keys(durableLoaders)]

/** The driver of this name; undefined if there is none. */
export function loadDriver(name: string): Promise<Driver | undefined> {
  return load(loaders, name)
}

/** The driver of this name that keeps publications; undefined if there is none. */
export function loadDurableDriver(name: string): Promise<DurableDriver | undefined> {
  return load(durableLoaders, name)
}

/** All drivers. */
export async function loadDrivers(): Promise<readonly Driver[]> {
  return await Promise.all(Object.values(loaders).map((load) => load()))
}

/** All drivers of systems that keep publications. */
export async function loadDurableDrivers(): Promise<readonly DurableDriver[]> {
  return await Promise.all(Object.values(durableLoaders).map((load) => load()))
}

async function load<Each extends System>(loaders: Loaders<Each>, name: string): Promise<Each | undefined> {
  return Object.hasOwn(loaders, name) ? await loaders[name]?.() : undefined
}
