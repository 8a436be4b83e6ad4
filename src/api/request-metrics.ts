import { Counter, Histogram, type Registry } from 'prom-client'

import type { App } from './app-type.ts'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Counts what was asked and how long it took, by route (never by path: ids would make a series each). */
export function addRequestMetrics(app: App, registry: Registry): void {
  const requests = new Counter({
    name: 'postrider_http_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'postrider_http_request_duration_seconds',
    help: 'From the request’s headers to the end of its answer.',
    labelNames: ['route'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    requests.inc({ method: request.method, route, status: reply.statusCode })
    duration.observe({ route }, reply.elapsedTime / 1_000)
    done()
  })
}
