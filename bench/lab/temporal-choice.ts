import { loadConfig } from '../../src/config.ts'
import { openClientLink } from '../../src/temporal/connection.ts'
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts'
import type { Lab } from './lab.ts'
import { openTemporalOnPostgres } from './temporal-on-postgres.ts'
import type { TemporalPlace } from './temporal-place.ts'
import { findTemporalPrograms, TEMPORAL_SERVER_VERSION } from './temporal-programs.ts'

export interface TemporalChoice {
  /** Null when it is left out. */
  readonly place: TemporalPlace | null
  /** What was chosen and what a reader must know about it. */
  readonly remark: string
}

/** The server that TEMPORAL_ADDRESS names, else one on the PostgreSQL of the bench, built with Go once, else none. */
export async function findTemporalPlace(lab: Lab): Promise<TemporalChoice> {
  if ((process.env['TEMPORAL_ADDRESS'] ?? '').trim() !== '') return prepareGivenServer()
  const finding = await findTemporalPrograms(lab.say)
  if (finding.kind === 'absent') {
    const remark = `Temporal on PostgreSQL is left out, because ${finding.reason}: ${finding.remedy}.`
    return { place: null, remark }
  }
  return {
    place: { open: async (_, resources) => openTemporalOnPostgres(lab, resources, finding.programs) },
    remark: `Temporal on PostgreSQL is server ${TEMPORAL_SERVER_VERSION} with its databases in the PostgreSQL that the service uses, so the processor time of PostgreSQL there is that of both.`,
  }
}

/** Registers the search attributes there, as `npm run migrate` does. */
async function prepareGivenServer(): Promise<TemporalChoice> {
  const { temporalAddress, temporalNamespace, temporalSecurity } = loadConfig(process.env, {}, [
    'TEMPORAL_ADDRESS',
  ])
  const target = { address: temporalAddress ?? '', namespace: temporalNamespace, security: temporalSecurity }
  const link = openClientLink(target)
  try {
    const registration = await registerSearchAttributes(link.client())
    return {
      place: { open: () => Promise.resolve({ target, access: accessOf(process.env), pid: null }) },
      remark: `Temporal on PostgreSQL is the server that TEMPORAL_ADDRESS names, namespace ${temporalNamespace}, whatever lies below it; its processor time is not seen. ${
        registration.kind === 'registered'
          ? 'The search attributes are registered there.'
          : `It does not let us register the search attributes; they must be there already, else run: ${registration.command}`
      }`,
    }
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The Temporal server that TEMPORAL_ADDRESS names cannot be used: ${words}`, { cause })
  } finally {
    await link.close()
  }
}

/** Everything that Temporal's environment configuration names; the address is told apart. */
function accessOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, text = '']) =>
      name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_ADDRESS' && text !== '' ? [[name, text]] : [],
    ),
  )
}
