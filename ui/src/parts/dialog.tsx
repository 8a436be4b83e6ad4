import { Modal } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, type ReactNode } from 'react'

/** The width below which rows become cards and dialogs fill the screen; page.css has the same. */
const NARROW = '(max-width: 640px)'

export function useIsNarrow(): boolean {
  return useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false })
}

const FOCUS_RETURN_MS = 50

/**
 * The focus goes back to what opened the dialog. Where that is gone, such as the row of what was just deleted, it goes
 * to the view, so that the keyboard does not start again at the top of the page.
 */
function useFocusKept(opened: boolean): void {
  useEffect(() => {
    if (!opened) return undefined
    return () => {
      setTimeout(() => {
        if (document.activeElement !== null && document.activeElement !== document.body) return
        document.getElementById('content')?.focus({ preventScroll: true })
      }, FOCUS_RETURN_MS)
    }
  }, [opened])
}

interface DialogProps {
  title: string
  opened: boolean
  onClose: () => void
  size?: number
  children: ReactNode
}

/**
 * Stays mounted while closed: else the focus would not find its way back. A click beside it closes nothing, so that
 * nobody loses what was typed, or a secret that is shown once.
 */
export function Dialog({ title, opened, onClose, size = 520, children }: DialogProps) {
  const isNarrow = useIsNarrow()
  useFocusKept(opened)
  return (
    <Modal
      title={title}
      opened={opened}
      onClose={onClose}
      size={size}
      fullScreen={isNarrow}
      closeOnClickOutside={false}
      classNames={{ body: 'pr-dialog-body', title: 'pr-dialog-title' }}
    >
      {children}
    </Modal>
  )
}

/** Stays in view at the end of a dialog, however long that is. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="pr-dialog-actions">{children}</div>
}
