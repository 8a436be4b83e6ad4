import { useSyncExternalStore } from 'react'

const TICK_MS = 1_000

function subscribe(onTick: () => void): () => void {
  const timer = setInterval(onTick, TICK_MS)
  return () => {
    clearInterval(timer)
  }
}

function thisSecond(): number {
  return Math.floor(Date.now() / TICK_MS) * TICK_MS
}

/** Milliseconds since 1970 in whole seconds; who uses it renders again each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, thisSecond)
}
