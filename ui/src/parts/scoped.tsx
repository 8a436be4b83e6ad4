import { Button, Tooltip, type ButtonProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { useSession } from '../session/session.ts'

export function neededScope(scope: string): string {
  return `Needs the scope ${scope}, which this sign-in lacks.`
}

interface ScopedButtonProps extends ButtonProps {
  scope: string
  /** `submit` makes Enter in a field of its form press it. */
  type?: 'button' | 'submit'
  onClick?: () => void
  children: ReactNode
}

/** Off without its scope, but still reachable, so that one can learn why. */
export function ScopedButton({ scope, type = 'button', onClick, children, ...others }: ScopedButtonProps) {
  const { can } = useSession()
  if (can(scope))
    return (
      <Button {...others} type={type} onClick={onClick}>
        {children}
      </Button>
    )
  return (
    <Tooltip label={neededScope(scope)}>
      <Button {...others} data-disabled aria-disabled="true">
        {children}
      </Button>
    </Tooltip>
  )
}

/** Takes the place of a view that this sign-in may not see. */
export function ScopeNotice({ scope }: { scope: string }) {
  return (
    <div className="pr-empty">
      <h2 className="pr-empty-title">Not yours to see</h2>
      <p>{neededScope(scope)} Sign in with a key that has it.</p>
    </div>
  )
}
