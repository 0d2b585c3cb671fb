// The systems that can be measured, by name, in the order of the tables. Each is loaded when it is asked for: a publisher
// with the clients of all systems in its heap would measure the collection of the other ones.

import type { Driver } from './driver.ts'

const loaders: Readonly<Record<string, () => Promise<Driver>>> = {
  herald: async () => (await import('./herald.ts')).heraldDriver,
  nats: async () => (await import('./nats.ts')).natsDriver,
  redis: async () => (await import('./redis.ts')).redisDriver,
  mosquitto: async () => (await import('./mosquitto.ts')).mosquittoDriver,
}

export const systemNames: readonly string[] = Object.keys(loaders)

/** The driver of this name; undefined if there is none. */
export async function loadDriver(name: string): Promise<Driver | undefined> {
  return Object.hasOwn(loaders, name) ? await loaders[name]?.() : undefined
}

/** All drivers. */
export async function loadDrivers(): Promise<readonly Driver[]> {
  return await Promise.all(Object.values(loaders).map((load) => load()))
}
