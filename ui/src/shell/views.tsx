import { Route, Routes } from 'react-router'
import { AlertsView } from '../alerts/alerts-view.tsx'
import { ApiKeysView } from '../api-keys/api-keys-view.tsx'
import { AuditLogView } from '../audit-log/audit-log-view.tsx'
import { WebhookView } from '../webhook-page/webhook-view.tsx'
import { WebhooksView } from '../webhooks/webhooks-view.tsx'
import { NotFound } from './not-found.tsx'
import { Shell } from './shell.tsx'

/** Every address of the page. What a view shows is in its address, so that reload, Back and pasted links restore it. */
export function Views() {
  return (
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
  )
}
