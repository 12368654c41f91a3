// Listening to AbortSignals.

const listening = new WeakMap<AbortSignal, Set<(signal: AbortSignal) => void>>()

/**
 * @internal Calls `listener` once when one of `signals` is aborted; the function that comes back ends the listening.
 *
 * However many calls share a signal, it has one listener of ours: Node warns of a leak at the eleventh.
 */
export function onAbort(signals: readonly AbortSignal[], listener: (signal: AbortSignal) => void): () => void {
  const ends = signals.map((signal) => listen(signal, listener))
  return () => {
    for (const end of ends) end()
  }
}

function listen(signal: AbortSignal, listener: (signal: AbortSignal) => void): () => void {
  const listeners = listening.get(signal) ?? new Set()
  if (listeners.size === 0) {
    listening.set(signal, listeners)
    signal.addEventListener('abort', tellAll)
  }
  listeners.add(listener)
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) signal.removeEventListener('abort', tellAll)
  }
}

function tellAll(this: AbortSignal): void {
  for (const listener of [...(listening.get(this) ?? [])]) listener(this)
}
