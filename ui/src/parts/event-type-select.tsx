import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { eventTypesQuery } from '../api/workspace.ts'

interface EventTypeSelectProps {
  value: string
  onChange: (value: string) => void
}

export function EventTypeSelect({ value, onChange }: EventTypeSelectProps) {
  const { data = [] } = useQuery(eventTypesQuery())
  const names = data.map(({ name }) => name)
  // What the address names stays chosen, also while the catalogue is on its way.
  const shown = value === '' || names.includes(value) ? names : [value, ...names]
  return (
    <NativeSelect
      aria-label="Event type"
      data={[{ value: '', label: 'Any event type' }, ...shown.map((name) => ({ value: name, label: name }))]}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value)
      }}
    />
  )
}
