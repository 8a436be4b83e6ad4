import { useQuery } from '@tanstack/react-query'
import { NavLink, useLocation } from 'react-router'
import { alertsQuery } from '../api/workspace.ts'
import { useSession } from '../session/session.ts'

/** How many alerts are open and nobody has said to have seen. */
function useAlertCount(): number {
  const { can } = useSession()
  const { data } = useQuery({ ...alertsQuery({ state: 'open' }), enabled: can('alert:read') })
  return data?.data.filter(({ acknowledgedAt }) => acknowledgedAt === null).length ?? 0
}

export function Sections() {
  const alertCount = useAlertCount()
  const { pathname } = useLocation()
  const isElsewhere = ['/alerts', '/api-keys', '/audit-log'].includes(pathname)
  return (
    <nav aria-label="Sections" className="pr-sections">
      <NavLink
        to="/"
        end
        className={isElsewhere ? '' : 'pr-current'}
        {...(isElsewhere ? {} : { 'aria-current': 'page' })}
      >
        Webhooks
      </NavLink>
      <NavLink to="/alerts" className={({ isActive }) => (isActive ? 'pr-current' : '')}>
        {alertCount > 0 ? `Alerts (${alertCount})` : 'Alerts'}
      </NavLink>
      <NavLink to="/api-keys" className={({ isActive }) => (isActive ? 'pr-current' : '')}>
        API keys
      </NavLink>
      <NavLink to="/audit-log" className={({ isActive }) => (isActive ? 'pr-current' : '')}>
        Audit log
      </NavLink>
    </nav>
  )
}
