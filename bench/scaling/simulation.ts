const MINUTES_PER_DAY = 1_440
/** The first days fill the waits; the last one is looked at. */
const DAYS = 4

/** What comes in, and how endpoints behave. */
export interface Traffic {
  readonly deliveriesPerDay: number
  /** The busiest minute of a day against its average one. */
  readonly peakFactor: number
  /** Of deliveries: how many go to an endpoint that is down just then. */
  readonly downShare: number
  /** How long an endpoint that is down stays so, on average. */
  readonly downMinutes: number
  /** Of attempts at endpoints that are up: how many fail all the same. */
  readonly faultShare: number
  /** The waits of the schedule, in minutes. */
  readonly waitsMinutes: readonly number[]
  /** At noon of the last day so many of the endpoints that are up go down for so many minutes. */
  readonly incident: { readonly share: number; readonly minutes: number }
}

export interface SimulatedDay {
  readonly firstAttempts: number
  readonly furtherAttempts: number
  /** Deliveries whose first attempt failed. */
  readonly failedFirst: number
  /** Deliveries that were given up. */
  readonly exhausted: number
  readonly peakFirstPerSecond: number
  /** The busiest minute, the return from the incident included. */
  readonly peakFurtherPerSecond: number
  /** The most deliveries that waited for their next attempt at once. */
  readonly peakWaiting: number
}

/** A share of the traffic whose endpoints behave alike, from the minute of its first attempt on. */
interface Cohort {
  deliveries: number
  /** How many attempts were made. */
  attempts: number
  kind: 'down' | 'up' | 'incident'
}

/**
 * Goes through some days minute by minute, with shares of deliveries instead of single ones: what fails comes back
 * after its wait, until it succeeds or the schedule is spent.
 */
export function simulate(traffic: Traffic): SimulatedDay {
  const minutes = DAYS * MINUTES_PER_DAY
  const lastDay = minutes - MINUTES_PER_DAY
  const incidentAt = lastDay + MINUTES_PER_DAY / 2
  const due = new Map<number, Cohort[]>()
  const day = { first: 0, further: 0, failed: 0, exhausted: 0, peakFirst: 0, peakFurther: 0, peakWaiting: 0 }
  let waiting = 0

  function attempt(cohort: Cohort, minute: number): void {
    const { kind } = cohort
    const attempts = cohort.attempts + 1
    const failing = cohort.deliveries * failingShare(traffic, cohort, minute - incidentAt)
    const wait = traffic.waitsMinutes[attempts - 1]
    if (attempts > 1) waiting -= cohort.deliveries
    if (failing < 1e-6) return
    if (wait === undefined) {
      if (minute >= lastDay) day.exhausted += failing
      return
    }
    waiting += failing
    if (attempts === 1 && minute >= lastDay) day.failed += failing
    const at = minute + wait
    due.set(at, [...(due.get(at) ?? []), { deliveries: failing, attempts, kind }])
  }

  for (let minute = 0; minute < minutes; minute += 1) {
    const cohorts = due.get(minute) ?? []
    due.delete(minute)
    const further = cohorts.reduce((sum, { deliveries }) => sum + deliveries, 0)
    for (const cohort of cohorts) attempt(cohort, minute)
    const arriving = arrivalsOf(traffic, minute)
    const isIncident = minute >= incidentAt && minute < incidentAt + traffic.incident.minutes
    const down = arriving * traffic.downShare
    const incident = isIncident ? (arriving - down) * traffic.incident.share : 0
    attempt({ deliveries: down, attempts: 0, kind: 'down' }, minute)
    attempt({ deliveries: incident, attempts: 0, kind: 'incident' }, minute)
    attempt({ deliveries: arriving - down - incident, attempts: 0, kind: 'up' }, minute)
    if (minute < lastDay) continue
    day.first += arriving
    day.further += further
    day.peakFirst = Math.max(day.peakFirst, arriving / 60)
    day.peakFurther = Math.max(day.peakFurther, further / 60)
    day.peakWaiting = Math.max(day.peakWaiting, waiting)
  }
  return {
    firstAttempts: day.first,
    furtherAttempts: day.further,
    failedFirst: day.failed,
    exhausted: day.exhausted,
    peakFirstPerSecond: day.peakFirst,
    peakFurtherPerSecond: day.peakFurther,
    peakWaiting: day.peakWaiting,
  }
}

/** A day is a sine: quiet at night, busiest at its peak. */
function arrivalsOf({ deliveriesPerDay, peakFactor }: Traffic, minute: number): number {
  const swing = (peakFactor - 1) * Math.sin((2 * Math.PI * minute) / MINUTES_PER_DAY)
  return (deliveriesPerDay / MINUTES_PER_DAY) * (1 + swing)
}

/** How much of a cohort fails at its next attempt. */
function failingShare(traffic: Traffic, { kind, attempts }: Cohort, minuteOfIncident: number): number {
  if (kind === 'incident') return minuteOfIncident < traffic.incident.minutes ? 1 : traffic.faultShare
  if (kind === 'up') return traffic.faultShare
  if (attempts === 0) return 1
  // Whoever was still down at the attempt before is down now with the odds of an exponential outage.
  const waited = traffic.waitsMinutes[attempts - 1] ?? 0
  const stillDown = Math.exp(-waited / traffic.downMinutes)
  return stillDown + (1 - stillDown) * traffic.faultShare
}
