import { Radio, TextInput } from '@mantine/core'
import { scheduleInWords, waitsOf, type ScheduleChoice, type ScheduleKind } from './schedule-choice.ts'

interface SchedulePickerProps {
  choice: ScheduleChoice
  onChange: (choice: ScheduleChoice) => void
  error?: string | undefined
}

const KINDS: readonly { kind: ScheduleKind; label: string }[] = [
  { kind: 'standard', label: 'Standard' },
  { kind: 'short', label: 'Short' },
  { kind: 'custom', label: 'Custom' },
]

function isKind(value: string): value is ScheduleKind {
  return KINDS.some(({ kind }) => kind === value)
}

export function SchedulePicker({ choice, onChange, error }: SchedulePickerProps) {
  return (
    <div className="pr-schedule">
      <Radio.Group
        label="Schedule"
        description="When an attempt fails, we wait and try again."
        value={choice.kind}
        onChange={(kind) => {
          if (isKind(kind)) onChange({ ...choice, kind })
        }}
      >
        <div className="pr-radios">
          {KINDS.map(({ kind, label }) => (
            <Radio key={kind} size="xs" value={kind} label={label} />
          ))}
        </div>
      </Radio.Group>
      {choice.kind === 'custom' && (
        <TextInput
          label="Waits"
          description="1 to 20 waits from 1s to 7d, such as 2s, 5m, 1h."
          placeholder="2s, 5m"
          value={choice.waitsText}
          error={error}
          onChange={(event) => {
            onChange({ ...choice, waitsText: event.currentTarget.value })
          }}
          spellCheck={false}
          autoComplete="off"
          classNames={{ input: 'pr-mono' }}
        />
      )}
      {choice.kind !== 'custom' && error !== undefined && <div className="pr-field-error">{error}</div>}
      <Timeline waits={waitsOf(choice)} />
    </div>
  )
}

/** now ── 1m ── 5m … : every stop is an attempt. */
function Timeline({ waits }: { waits: readonly string[] }) {
  const words = scheduleInWords(waits)
  if (words === undefined)
    return <div className="pr-timeline-words">Attempts at once, then after each wait.</div>
  return (
    <div>
      <div className="pr-timeline" aria-hidden="true">
        <span className="pr-timeline-stop">now</span>
        {waits.map((wait, index) => (
          <span key={index} className="pr-timeline-stop">
            {wait}
          </span>
        ))}
      </div>
      <div className="pr-timeline-words">{words}</div>
    </div>
  )
}
