import { Button, type ButtonProps } from '@mantine/core'
import { useState } from 'react'
import { Icon } from './icon.tsx'

const SHOWN_MS = 2_000

/** Copies; where the browser forbids it (plain http on another host), by selecting as people do. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const box = document.createElement('textarea')
  box.value = text
  box.className = 'pr-hidden'
  // Inside of an open dialog, whose focus trap would take the selection away elsewhere.
  const place = document.querySelector('[role="dialog"]') ?? document.body
  place.append(box)
  const before = document.activeElement
  box.select()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without a secure context
  const isCopied = document.execCommand('copy')
  box.remove()
  if (before instanceof HTMLElement) before.focus()
  return isCopied
}

interface CopyButtonProps extends ButtonProps {
  label: string
  text: string
}

/** Keeps its name and its width while it says that it worked. */
export function CopyButton({ label, text, ...others }: CopyButtonProps) {
  const [answer, setAnswer] = useState('')
  const onClick = async () => {
    setAnswer((await copy(text)) ? 'Copied' : 'Copy it by hand')
    setTimeout(() => {
      setAnswer('')
    }, SHOWN_MS)
  }
  return (
    <span className="pr-copy">
      <Button
        variant="default"
        leftSection={<Icon name={answer === 'Copied' ? 'check' : 'copy'} size={14} />}
        {...others}
        onClick={() => void onClick()}
      >
        {label}
      </Button>
      <span role="status" className="pr-copy-answer">
        {answer}
      </span>
    </span>
  )
}
