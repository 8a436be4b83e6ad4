import type { DeferralReason } from '../domain/deferred.ts'

/** What a gate needs to know of an attempt that wants to go out. */
export interface GateRequest {
  webhookId: string
  /** The webhook's cap on attempts in flight in this process. */
  concurrency: number
  /** A manual retry waits for a free place, but neither for a breaker nor for another delivery's Retry-After. */
  isManual: boolean
  deliveryId: string
}

export interface GatePass {
  /** Gives the place back and tells what the attempt met; `null` when it was not made after all. */
  leave(met: { failed: boolean; statusCode: number | null; retryAfterMs: number | null } | null): void
}

export type GateAnswer =
  { kind: 'enter'; pass: GatePass } | { kind: 'defer'; reason: DeferralReason; retryInMs: number }

/** Decides, per webhook and in this process, who may send now. */
export type EnterGate = (request: GateRequest) => Promise<GateAnswer>
