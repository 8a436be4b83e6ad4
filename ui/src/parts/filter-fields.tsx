import { NativeSelect, TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import type { Filters } from './search-state.ts'

const TYPING_PAUSE_MS = 250

interface FilterProps {
  filters: Filters
  name: string
}

interface FilterSelectProps extends FilterProps {
  label: string
  choices: { value: string; label: string }[]
}

export function FilterSelect({ filters, name, label, choices }: FilterSelectProps) {
  return (
    <NativeSelect
      aria-label={label}
      data={choices}
      value={filters.value(name)}
      onChange={(event) => {
        filters.set(name, event.currentTarget.value)
      }}
    />
  )
}

/** Filters by what is typed, once the typing pauses. */
export function FilterText({ filters, name, ...input }: FilterProps & TextInputProps) {
  const value = filters.value(name)
  const [text, setText] = useState(value)
  const later = useDebouncedCallback((typed: string) => {
    filters.set(name, typed)
  }, TYPING_PAUSE_MS)
  // Back and "Clear filters" change the address, and with it what is looked for.
  useEffect(() => {
    setText(value)
  }, [value])
  return (
    <TextInput
      {...input}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        later(event.currentTarget.value.trim())
      }}
    />
  )
}
