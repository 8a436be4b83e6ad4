import { lazy, Suspense } from 'react'
import { Route, Routes } from 'react-router'
import { WebhooksView } from '../webhooks/webhooks-view.tsx'
import { NotFound } from './not-found.tsx'
import { Shell } from './shell.tsx'

const AlertsView = lazy(async () => ({ default: (await import('../alerts/alerts-view.tsx')).AlertsView }))
const ApiKeysView = lazy(async () => ({
  default: (await import('../api-keys/api-keys-view.tsx')).ApiKeysView,
}))
const AuditLogView = lazy(async () => ({
  default: (await import('../audit-log/audit-log-view.tsx')).AuditLogView,
}))
const WebhookView = lazy(async () => ({
  default: (await import('../webhook-page/webhook-view.tsx')).WebhookView,
}))

/** Every address of the page. What a view shows is in its address, so that reload, Back and pasted links restore it. */
export function Views() {
  return (
    <Suspense fallback={null}>
      <Routes>
        <Route element={<Shell />}>
          {/* The dialog lies over the list, which must not start anew under it. */}
          <Route path="/" element={<WebhooksView />}>
            <Route index />
            <Route path="new" />
          </Route>
          <Route path="/alerts" element={<AlertsView />} />
          <Route path="/api-keys" element={<ApiKeysView />} />
          <Route path="/audit-log" element={<AuditLogView />} />
          <Route path="/:id/:tab?" element={<WebhookView />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </Suspense>
  )
}
