// What a piece of work costs: time, processor, the event loop's time, memory.

import { performance } from 'node:perf_hooks'

/** Measures `work`, which returns the sum of what it read of `n` things; `calls` are single calls' milliseconds. */
export async function measured(n, work) {
  const calls = []
  const before = process.memoryUsage.rss()
  const loop = performance.eventLoopUtilization()
  const cpu = process.cpuUsage()
  const start = performance.now()
  const check = await work(calls)
  const wall = (performance.now() - start) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  const { active } = performance.eventLoopUtilization(loop)
  const peak = process.resourceUsage().maxRSS
  return {
    n,
    check,
    wall,
    cpu: (user + system) / 1e6,
    loop: active / 1e3,
    peak_kib: peak,
    grown_kib: Math.max(0, peak - before / 1024),
    ...quantiles('call', calls),
  }
}

/** The median and the 99th percentile of milliseconds, in microseconds. */
export function quantiles(name, times) {
  if (times.length === 0) return {}
  const ordered = Float64Array.from(times).sort()
  const at = (q) => ordered[Math.floor(((ordered.length - 1) * q) / 100)] * 1e3
  return { [`${name}_p50_us`]: at(50), [`${name}_p99_us`]: at(99) }
}
