import type { DeliveryCommands } from '../../usecases/delivery-commands.ts'
import type { SendTest } from '../../usecases/send-test.ts'
import type { Webhooks } from '../../usecases/webhooks.ts'
import type { App } from '../app-type.ts'
import { createRateLimiter, type RateLimit } from '../rate-limiter.ts'
import { rateLimitHeaders, tooMany } from '../rate-limits.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { EmptyBody } from '../schemas/deliveries.ts'
import { IdParams, refTo } from '../schemas/shared.ts'
import {
  RetriedCount,
  RevealedSecret,
  RotatedWebhookModel,
  RotationBody,
  TestBody,
  TestResult,
} from '../schemas/webhooks.ts'
import { showTestAttempt, showWebhook } from '../webhook-view.ts'
import { showTime, showTimeOrNull } from '../times.ts'

const tags = ['Webhooks']

/** Per webhook: a test reaches a stranger's server without an event behind it. */
const TEST_SENDS: RateLimit = { max: 10, windowMs: 60_000 }

export interface WebhookActionDeps {
  webhooks: Webhooks
  sendTest: SendTest
  deliveryCommands: Pick<DeliveryCommands, 'retryFailed'>
}

/** What is done to a webhook beyond changing its members. */
export function webhookActionRoutes(app: App, deps: WebhookActionDeps): void {
  secretRoutes(app, deps.webhooks)
  sendingRoutes(app, deps)
}

function secretRoutes(app: App, { reader, secrets }: Webhooks): void {
  app.post(
    '/webhooks/:id/rotate-secret',
    {
      config: { scope: 'webhook:write', answersSecret: true },
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Replace the secret',
        description: 'Requests are signed with the new and the old secret until the overlap has passed.',
        tags,
        params: IdParams,
        body: RotationBody,
        response: answers(
          { 200: { description: 'The new secret is shown this once.', schema: refTo(RotatedWebhookModel) } },
          [...BODY_PROBLEMS, 404, 409],
        ),
      },
    },
    async ({ caller, params, body }, reply) => {
      const rotated = await secrets.rotate(caller, params.id, body)
      const answer = {
        ...showWebhook(await reader.get(caller.workspaceId, params.id)),
        secret: rotated.secret.reveal(),
        previousSecretExpiresAt: showTimeOrNull(rotated.previousExpiresAt),
      }
      return reply.header('cache-control', 'no-store').send(answer)
    },
  )

  app.get(
    '/webhooks/:id/secret',
    {
      config: { scope: 'webhook:secret' },
      schema: {
        operationId: 'revealWebhookSecret',
        summary: 'Reveal the secret',
        description: 'Every call is written to the audit log.',
        tags,
        params: IdParams,
        response: answers({ 200: { description: 'The current one.', schema: RevealedSecret } }, [404]),
      },
    },
    async ({ caller, params }, reply) => {
      const { secret, createdAt } = await secrets.reveal(caller, params.id)
      return reply
        .header('cache-control', 'no-store')
        .send({ secret: secret.reveal(), createdAt: showTime(createdAt) })
    },
  )
}

function sendingRoutes(app: App, { sendTest, deliveryCommands }: WebhookActionDeps): void {
  const testSends = createRateLimiter(TEST_SENDS)
  app.post(
    '/webhooks/:id/test',
    {
      config: { scope: 'webhook:write' },
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a sample event now',
        description:
          'One attempt, no retry, also while the webhook is disabled. It counts in no statistics. At most 10 a minute per webhook.',
        tags,
        params: IdParams,
        body: TestBody,
        response: answers(
          { 200: { description: 'What the attempt met, success or not.', schema: TestResult } },
          [...BODY_PROBLEMS, 404, 409],
        ),
      },
    },
    async ({ caller, params, body }, reply) => {
      const state = testSends.take(`${caller.workspaceId} ${params.id}`)
      reply.headers(rateLimitHeaders(state))
      if (!state.isAllowed) throw tooMany(state, 'test sends to this webhook within a minute')
      return { attempt: showTestAttempt(await sendTest(caller.workspaceId, params.id, body.type)) }
    },
  )

  app.post(
    '/webhooks/:id/retry-failed',
    {
      config: { scope: 'delivery:retry' },
      schema: {
        operationId: 'retryFailedDeliveries',
        summary: 'Retry every failed delivery of a webhook',
        tags,
        params: IdParams,
        body: EmptyBody,
        response: answers({ 202: { description: 'How many will be retried.', schema: RetriedCount } }, [
          ...BODY_PROBLEMS,
          404,
          409,
        ]),
      },
    },
    async ({ caller, params }, reply) => {
      const count = await deliveryCommands.retryFailed(caller.workspaceId, params.id)
      return reply.code(202).send({ count })
    },
  )
}
