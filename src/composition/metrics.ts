import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

import type { Core } from './core.ts'
import type { DeliverySide } from './delivery-side.ts'

/** What `/metrics` shows of this process, and of the work that lies in the database. */
export function createMetrics({ database }: Core, { delivering, worker }: DeliverySide): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('postrider_attempts_in_flight', 'Attempts under way in this process.', () => delivering.gate.inFlight)
  gauge(
    'postrider_messages_capacity',
    'Messages to Temporal that could be sent at once now.',
    delivering.messenger.capacity,
  )
  if (worker !== null)
    gauge(
      'postrider_workflow_slots_free',
      'Workflow tasks that the worker could take now.',
      worker.freeWorkflowSlots,
    )
  const { direct } = delivering
  if (direct !== null)
    gauge(
      'postrider_direct_capacity',
      'First attempts that the direct lane would take on now.',
      direct.capacity,
    )
  new Gauge({
    name: 'postrider_deliveries_due',
    help: 'Deliveries that wait for a dispatcher, up to 10000.',
    registers: [registry],
    async collect() {
      try {
        const [row] = await database.sql.query<{ due: number }>(
          `select count(*)::integer as due from (
             select 1 from webhook_delivery where dispatch_at <= now() limit 10000) as waiting`,
        )
        this.set(row?.due ?? 0)
      } catch {
        // Away: no figure is more honest than an old one.
        this.reset()
      }
    },
  })
  return registry
}
