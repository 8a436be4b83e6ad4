import { useState } from 'react'
import type { Delivery } from '../api/types.ts'

export interface ShownRows {
  rows: readonly Delivery[]
  /** How many newer ones wait until somebody wants them. */
  newCount: number
  showNew: () => void
}

/**
 * Lets new rows in only while nobody is at work on the table, so that nothing moves under a pointer or away from the
 * focus. Rows that are shown stay where they are and change in place.
 */
export function useShownRows(latest: readonly Delivery[], isAtWork: boolean): ShownRows {
  const [kept, setKept] = useState<readonly Delivery[]>(latest)
  const [wasAtWork, setWasAtWork] = useState(isAtWork)
  if (isAtWork !== wasAtWork) {
    setWasAtWork(isAtWork)
    if (isAtWork) setKept(latest)
  }
  const showNew = () => {
    setKept(latest)
  }
  if (!isAtWork || kept.length === 0) return { rows: latest, newCount: 0, showNew }

  const latestById = new Map(latest.map((delivery) => [delivery.id, delivery]))
  const keptIds = new Set(kept.map(({ id }) => id))
  return {
    rows: kept.map((delivery) => latestById.get(delivery.id) ?? delivery),
    newCount: latest.filter(({ id }) => !keptIds.has(id)).length,
    showNew,
  }
}
