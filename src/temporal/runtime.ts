import { DefaultLogger, type LogLevel, Runtime } from '@temporalio/worker'

export interface RuntimeSettings {
  /** Where the SDK's own lines go; only warnings and errors are worth a line of ours. */
  log: (line: { level: LogLevel; message: string; meta: object }) => void
  /** `host:port` to serve the SDK's Prometheus metrics on; none by default. */
  metricsAddress?: string
}

/**
 * Sets up the SDK's runtime; once per process and before the first connection. Signals are left to the process: it
 * stops its parts in order.
 */
export function installRuntime({ log, metricsAddress }: RuntimeSettings): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log({ level, message, meta: meta ?? {} })
    }),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
      ...(metricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: metricsAddress } } }),
    },
  })
}
