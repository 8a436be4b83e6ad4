/** Every bound of one request and of the sender as a whole. */
export interface SenderLimits {
  /** DNS, TCP and TLS together, in milliseconds. */
  connectMs: number
  /** Reading the body once the headers are complete, in milliseconds. */
  bodyMs: number
  /** How much of a body is read and kept; what is longer is cut off with its connection. */
  bodyBytes: number
  /** Status line and headers of a reply. */
  headerBytes: number
  /** Interim (1xx) responses read before the rest is left unread until the deadline. */
  interimResponses: number
  /** How long an unused connection is kept when the server gives no hint, in milliseconds. */
  idleMs: number
  /** The longest a server's hint can make it, in milliseconds. */
  longestIdleMs: number
  idleConnections: number
  idleConnectionsPerOrigin: number
  requestsInFlight: number
}

export const DEFAULT_LIMITS: SenderLimits = {
  connectMs: 5_000,
  bodyMs: 5_000,
  bodyBytes: 16 * 1024,
  headerBytes: 16 * 1024,
  interimResponses: 1_000,
  idleMs: 4_000,
  longestIdleMs: 30_000,
  idleConnections: 512,
  idleConnectionsPerOrigin: 128,
  requestsInFlight: 4_096,
}
