import { describe, expect, test } from 'vitest'

import { writeNoticeMail } from '../../../src/alerts/notice-mail.ts'
import type { ClaimedNotice } from '../../../src/db/alert-notices.ts'
import { FAILURES } from '../../../src/domain/attempt-outcome.ts'

function notice(change: Partial<ClaimedNotice> = {}): ClaimedNotice {
  return {
    alertId: 'alert-1',
    occasion: 'opened',
    claim: '',
    tries: 1,
    kind: 'exhausted',
    count: 12,
    eventType: 'task.created',
    lastFailure: 'timeout',
    lastStatusCode: null,
    openedAt: new Date('2030-01-31T12:00:00Z'),
    workspaceName: 'Acme & sons',
    recipients: ['ops@acme.com'],
    webhookId: 'webhook-1',
    webhookUrl: 'https://user-visible.acme.com/secret/path?token=1',
    timeoutMs: null,
    disabledReason: null,
    ...change,
  }
}

const write = (change: Partial<ClaimedNotice> = {}) =>
  writeNoticeMail(notice(change), { publicUrl: 'https://postrider.acme.com', requestTimeoutMs: 20_000 })

describe('the mail about an alert', () => {
  test.each(FAILURES)('puts the failure %s into a sentence for people', (failure) => {
    const { text, html } = write({ lastFailure: failure, lastStatusCode: 503 })
    const sentence = /^Last failure: (.+)$/m.exec(text)?.[1] ?? ''
    expect(sentence).toMatch(/^\S.{30,}\.$/)
    expect(sentence).not.toMatch(/undefined|null|\bat \/|_/)
    expect(html).toContain('<!doctype html>')
  })

  test('tells a fault of the request from one of the server', () => {
    expect(write({ lastFailure: 'status', lastStatusCode: 401 }).text).toContain(
      'Check the URL and the secret',
    )
    expect(write({ lastFailure: 'status', lastStatusCode: 500 }).text).toContain('Show its owner the reply')
  })

  test('names the time that an attempt may take', () => {
    expect(write().text).toContain('within 20 s')
    expect(write({ timeoutMs: 1_500 }).text).toContain('within 1.5 s')
  })

  test('says why a webhook was turned off, and that nothing is lost', () => {
    const failing = write({ kind: 'disabled', disabledReason: 'failing' })
    expect(failing.subject).toBe('Webhook turned off: user-visible.acme.com')
    expect(failing.text).toContain('Every attempt has failed for so long')
    expect(failing.text).toContain('New events are kept')
    const gone = write({ kind: 'disabled', disabledReason: 'gone', lastFailure: 'gone', lastStatusCode: 410 })
    expect(gone.text).toContain('answered 410')
  })

  test.each(['exhausted', 'disabled'] as const)(
    'about the recovery of %s says that old failures stay',
    (kind) => {
      const { subject, text } = write({ occasion: 'closed', kind })
      expect(subject).toContain('again')
      expect(text).toContain('not sent again by itself')
    },
  )

  test('shows of the URL the host alone and escapes what stands in HTML', () => {
    const { subject, text, html } = write()
    for (const part of [subject, text, html]) expect(part).not.toMatch(/secret\/path|token=1/)
    expect(html).toContain('Acme &amp; sons')
    expect(text).toContain('https://postrider.acme.com/settings/webhooks/webhook-1/deliveries?state=failed')
  })
})
