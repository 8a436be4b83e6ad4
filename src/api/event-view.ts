import type { EventWithDeliveries } from '../usecases/read-events.ts'
import { showTime } from './times.ts'

/** An event as JSON text: `data` is put in as it was published, without being read. */
export function showEvent({ event, deliveries }: EventWithDeliveries): string {
  const head = JSON.stringify({
    id: event.id,
    type: event.type,
    workflowId: event.workflowId ?? null,
    timestamp: showTime(event.timestamp),
    createdAt: showTime(event.createdAt),
  })
  return `${head.slice(0, -1)},"data":${event.payload},"deliveries":${JSON.stringify(deliveries)}}`
}
