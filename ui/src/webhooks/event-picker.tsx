import { Checkbox, Input, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { eventTypesQuery } from '../api/workspace.ts'
import type { EventType } from '../api/types.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { ALL_EVENTS, checkOf, groupOf, groupsOf, pressed } from './event-choice.ts'

interface EventPickerProps {
  events: readonly string[]
  onChange: (events: string[]) => void
  error?: string | undefined
}

/** The catalogue as a tree of boxes: everything, a group, a type. */
export function EventPicker({ events, onChange, error }: EventPickerProps) {
  const catalogue = useQuery(eventTypesQuery())
  const types = catalogue.data ?? []
  const names = types.map(({ name }) => name)
  const box = (pattern: string, label: string, description?: string) => (
    <EventBox
      key={pattern}
      label={label}
      description={description}
      check={checkOf(events, pattern)}
      onPress={() => {
        onChange(pressed(events, pattern, names))
      }}
    />
  )
  return (
    <fieldset className="pr-fieldset">
      <legend className="pr-legend">Events</legend>
      {catalogue.isPending && <Skeleton height={148} className="pr-late" />}
      {catalogue.isError && <ErrorNotice error={catalogue.error} onRetry={() => void catalogue.refetch()} />}
      {catalogue.isSuccess && (
        <>
          {box(ALL_EVENTS, 'All events', 'Also those of types that will be added later.')}
          <div className="pr-event-groups">
            {groupsOf(names).map((group) => (
              <div key={group} className="pr-event-group">
                {box(group, group)}
                <div className="pr-event-types">
                  {ofGroup(types, group).map(({ name, description }) => box(name, name, description))}
                </div>
              </div>
            ))}
          </div>
        </>
      )}
      {error !== undefined && (
        <Input.Error role="alert" className="pr-field-error">
          {events.length === 0 ? 'Choose at least one event.' : error}
        </Input.Error>
      )}
    </fieldset>
  )
}

function ofGroup(types: readonly EventType[], group: string): EventType[] {
  return types.filter(({ name }) => groupOf(name) === group)
}

interface EventBoxProps {
  label: string
  description: string | undefined
  check: 'on' | 'off' | 'some'
  onPress: () => void
}

function EventBox({ label, description, check, onPress }: EventBoxProps) {
  return (
    <Checkbox
      size="xs"
      label={label}
      description={description}
      checked={check === 'on'}
      indeterminate={check === 'some'}
      onChange={onPress}
      classNames={{ label: label.includes('.') ? 'pr-mono' : '' }}
    />
  )
}
