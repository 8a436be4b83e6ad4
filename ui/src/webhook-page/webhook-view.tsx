import { Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { Navigate, useNavigate, useParams } from 'react-router'
import { asProblem } from '../api/problem.ts'
import type { Webhook } from '../api/types.ts'
import { webhookQuery } from '../api/webhooks.ts'
import { DeliveriesTab } from '../deliveries/deliveries-tab.tsx'
import { StatusBadge } from '../parts/badge.tsx'
import { UrlText } from '../parts/cut-url.tsx'
import { Answer, ErrorNotice, Stale } from '../parts/notice.tsx'
import { NotFound } from '../shell/not-found.tsx'
import { hostOf } from '../text/url.ts'
import { visibleText } from '../text/visible-text.ts'
import { statusSentence } from '../text/webhook-status.ts'
import { EnabledSwitch } from '../webhooks/enabled-switch.tsx'
import { SettingsTab } from './settings-tab.tsx'
import { TestingTab } from './testing-tab.tsx'

// The charts are most of the page's code and one tab of it.
const StatisticsTab = lazy(async () => ({
  default: (await import('../statistics/statistics-tab.tsx')).StatisticsTab,
}))

const TABS = ['deliveries', 'statistics', 'settings', 'testing'] as const
type Tab = (typeof TABS)[number]

function isTab(text: string | undefined | null): text is Tab {
  return TABS.some((tab) => tab === text)
}

export function WebhookView() {
  const { id = '', tab } = useParams()
  const query = useQuery(webhookQuery(id))
  if (!isTab(tab)) return tab === undefined ? <Navigate to={`/${id}/deliveries`} replace /> : <NotFound />
  if (query.data === undefined) {
    if (!query.isError) return <div className="pr-late pr-webhook-head" aria-busy="true" />
    const { status } = asProblem(query.error)
    return status === 404 || status === 422 ? (
      <NotFound />
    ) : (
      <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    )
  }
  return (
    <>
      <WebhookHead key={id} webhook={query.data} />
      <Stale query={query} />
      <WebhookTabs webhook={query.data} tab={tab} />
    </>
  )
}

function WebhookHead({ webhook }: { webhook: Webhook }) {
  const [answer, setAnswer] = useState('')
  return (
    <div className="pr-webhook-head">
      <div className="pr-view-head">
        <Title order={1} className="pr-host">
          {hostOf(webhook.url)}
        </Title>
        <StatusBadge status={webhook.status} />
        <div className="pr-head-url">
          <UrlText url={webhook.url} />
        </div>
        <div className="pr-head-switch">
          <EnabledSwitch
            webhook={webhook}
            label="Enabled"
            isLabelShown
            onDone={(changed) => {
              setAnswer(changed.enabled ? '' : 'New events are kept, not sent. You can send them later.')
            }}
          />
        </div>
      </div>
      {webhook.description !== null && (
        <p className="pr-muted pr-break">{visibleText(webhook.description)}</p>
      )}
      {webhook.status !== 'enabled' && <p className="pr-status-sentence">{statusSentence(webhook)}</p>}
      <Answer>{answer}</Answer>
    </div>
  )
}

function WebhookTabs({ webhook, tab }: { webhook: Webhook; tab: Tab }) {
  const navigate = useNavigate()
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(chosen) => {
        if (isTab(chosen)) void navigate(`/${webhook.id}/${chosen}`)
      }}
    >
      <Tabs.List aria-label="Views of this webhook">
        <Tabs.Tab value="deliveries">Deliveries</Tabs.Tab>
        <Tabs.Tab value="statistics">Statistics</Tabs.Tab>
        <Tabs.Tab value="settings">Settings</Tabs.Tab>
        <Tabs.Tab value="testing">Testing</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="deliveries" className="pr-panel">
        <DeliveriesTab webhook={webhook} />
      </Tabs.Panel>
      <Tabs.Panel value="statistics" className="pr-panel">
        <Suspense fallback={<div className="pr-late" aria-busy="true" />}>
          <StatisticsTab webhook={webhook} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="settings" className="pr-panel">
        <SettingsTab key={webhook.id} webhook={webhook} />
      </Tabs.Panel>
      <Tabs.Panel value="testing" className="pr-panel">
        <TestingTab webhook={webhook} />
      </Tabs.Panel>
    </Tabs>
  )
}
