import type { Delivery } from '../api/types.ts'
import { rawMember } from '../text/visible-text.ts'

/** What stands in place of a signature, which is never stored. */
const MASK = '••••'

/** The body of the request as it was sent, its signature masked; undefined until its event is at hand. */
export function requestBody(delivery: Delivery, eventText: string | undefined): string | undefined {
  if (eventText === undefined) return undefined
  const data = rawMember(eventText, 'data')
  const timestamp = rawMember(eventText, 'timestamp')
  if (data === undefined || timestamp === undefined) return undefined
  const own = rawMember(eventText, 'workflowId')
  const workflowId = own === undefined || own === 'null' ? JSON.stringify(delivery.temporalWorkflowId) : own
  const members = [
    `"id":${JSON.stringify(delivery.eventId)}`,
    `"deliveryId":${JSON.stringify(delivery.id)}`,
    `"eventType":${JSON.stringify(delivery.eventType)}`,
    `"timestamp":${timestamp}`,
    `"workflowId":${workflowId}`,
    `"data":${data}`,
    `"signature":"${MASK}"`,
  ]
  return `{${members.join(',')}}`
}
