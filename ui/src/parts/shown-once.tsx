import { TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { CopyButton } from './copy.tsx'

interface ShownOnceProps {
  label: string
  description: string
  text: string
  copyLabel: string
}

/** What the server tells a single time: in focus, chosen as a whole when it is touched, and beside it the way to copy it. */
export function ShownOnce({ label, description, text, copyLabel }: ShownOnceProps) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field.current?.focus()
  }, [])
  return (
    <div className="pr-secret">
      <TextInput
        ref={field}
        label={label}
        description={description}
        value={text}
        readOnly
        onFocus={(event) => {
          event.currentTarget.select()
        }}
        classNames={{ root: 'pr-grow', input: 'pr-mono' }}
      />
      <CopyButton label={copyLabel} text={text} />
    </div>
  )
}
