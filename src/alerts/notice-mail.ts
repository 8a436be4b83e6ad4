import type { ClaimedNotice } from '../db/alert-notices.ts'
import { describeFailure } from './failure-words.ts'

export interface MailText {
  subject: string
  text: string
  html: string
}

export interface MailContext {
  /** Origin of links, without a slash at the end. */
  publicUrl: string
  /** Of webhooks that set none. */
  requestTimeoutMs: number
}

/** The content of a mail before it is laid out. */
interface Letter {
  subject: string
  headline: string
  facts: [name: string, value: string][]
  advice: string
  link: { label: string; url: string }
}

/**
 * Writes the mail of a notice. It names the host only: paths and queries of URLs often carry a token, and the payload
 * and the secret are nobody's business in a mailbox.
 */
export function writeNoticeMail(notice: ClaimedNotice, context: MailContext): MailText {
  const letter = notice.occasion === 'opened' ? writeTrouble(notice, context) : writeRecovery(notice, context)
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}

function writeTrouble(notice: ClaimedNotice, context: MailContext): Letter {
  const host = hostOf(notice)
  const isDisabled = notice.kind === 'disabled'
  return {
    subject: isDisabled ? `Webhook turned off: ${host}` : `Deliveries failed: ${host}`,
    headline: isDisabled
      ? `The webhook to ${host} was turned off.`
      : `Deliveries to ${host} have failed for good.`,
    facts: [
      ['Workspace', notice.workspaceName],
      ['Webhook', host],
      ...(isDisabled ? [] : [['Failed deliveries', String(notice.count)] satisfies [string, string]]),
      ...factsOfFailure(notice, context),
      ['Since', showTime(notice.openedAt)],
    ],
    advice: isDisabled
      ? 'New events are kept and can be sent later. Repair the endpoint, test it, then turn the webhook on.'
      : 'Every attempt of the schedule was used. New events are still sent; fix the cause, then retry what failed.',
    link: { label: 'Look at the failed deliveries', url: linkTo(notice, context) },
  }
}

function writeRecovery(notice: ClaimedNotice, context: MailContext): Letter {
  const host = hostOf(notice)
  const isDisabled = notice.kind === 'disabled'
  return {
    subject: isDisabled ? `Webhook turned on again: ${host}` : `Working again: ${host}`,
    headline: isDisabled ? `The webhook to ${host} is on again.` : `${host} accepts deliveries again.`,
    facts: [
      ['Workspace', notice.workspaceName],
      ['Webhook', host],
      ...(isDisabled ? [] : [['Failed before', String(notice.count)] satisfies [string, string]]),
      ['The trouble began', showTime(notice.openedAt)],
    ],
    advice: 'What had failed before is not sent again by itself: retry it where it is still wanted.',
    link: { label: 'Look at the failed deliveries', url: linkTo(notice, context) },
  }
}

function factsOfFailure(notice: ClaimedNotice, { requestTimeoutMs }: MailContext): [string, string][] {
  const facts: [string, string][] = []
  if (notice.eventType !== null) facts.push(['Event type', notice.eventType])
  if (notice.kind === 'disabled' && notice.disabledReason === 'failing')
    facts.push(['Reason', 'Every attempt has failed for so long that sending was stopped.'])
  if (notice.lastFailure !== null) {
    const timeoutMs = notice.timeoutMs ?? requestTimeoutMs
    const words = { host: hostOf(notice), statusCode: notice.lastStatusCode, timeoutMs }
    facts.push(['Last failure', describeFailure(notice.lastFailure, words)])
  }
  return facts
}

function hostOf({ webhookUrl }: ClaimedNotice): string {
  return URL.parse(webhookUrl)?.host ?? 'the endpoint'
}

function linkTo({ webhookId }: ClaimedNotice, { publicUrl }: MailContext): string {
  return `${publicUrl}/settings/webhooks/${webhookId}/deliveries?state=failed`
}

function showTime(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function layOutText({ headline, facts, advice, link }: Letter): string {
  const lines = facts.map(([name, value]) => `${name}: ${value}`)
  return [headline, '', ...lines, '', advice, '', `${link.label}:`, link.url, ''].join('\n')
}

function layOutHtml({ headline, facts, advice, link }: Letter): string {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left" valign="top" style="padding:4px 16px 4px 0;color:#5c636a;font-weight:normal">${escapeHtml(name)}</th>` +
      `<td style="padding:4px 0">${escapeHtml(value)}</td></tr>`,
  )
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>',
    '<body style="font:14px/1.5 system-ui,sans-serif;color:#212529">',
    `<h1 style="font-size:18px">${escapeHtml(headline)}</h1>`,
    `<table role="presentation" cellspacing="0">${rows.join('')}</table>`,
    `<p>${escapeHtml(advice)}</p>`,
    `<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>`,
    '</body></html>',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
