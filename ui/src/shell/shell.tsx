import { useEffect, useRef } from 'react'
import { Outlet, useLocation } from 'react-router'
import { Icon } from '../parts/icon.tsx'
import { Sections } from './sections.tsx'
import { SignOut } from './sign-out.tsx'
import { ThemeSwitch } from './theme-switch.tsx'

/** What stands around every view. */
export function Shell() {
  const content = useRef<HTMLElement>(null)
  useTitle()
  return (
    <>
      <a
        href="#content"
        className="pr-skip"
        onClick={(event) => {
          event.preventDefault()
          content.current?.focus()
        }}
      >
        Skip to content
      </a>
      <header className="pr-header">
        <span className="pr-brand" aria-hidden="true">
          <Icon name="hook" size={20} /> <span className="pr-brand-name">Postrider</span>
        </span>
        <Sections />
        <div className="pr-header-end">
          <ThemeSwitch />
          <SignOut />
        </div>
      </header>
      <main id="content" ref={content} tabIndex={-1} className="pr-content">
        <Outlet />
      </main>
    </>
  )
}

const TITLES: Readonly<Record<string, string>> = {
  '/alerts': 'Alerts',
  '/api-keys': 'API keys',
  '/audit-log': 'Audit log',
}

function useTitle(): void {
  const { pathname } = useLocation()
  useEffect(() => {
    document.title = `${TITLES[pathname] ?? 'Webhooks'} · Postrider`
  }, [pathname])
}
