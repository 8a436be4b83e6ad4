const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4 4l8 8M12 4l-8 8',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  stop: 'M3.8 3.8l8.4 8.4M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z',
  hourglass: 'M4.5 2.5h7M4.5 13.5h7M5.5 2.5c0 4 5 4 5 11M10.5 2.5c0 4-5 4-5 11',
  warning: 'M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.2',
  circle: 'M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10z',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  plus: 'M8 3v10M3 8h10',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4L6 8l4 4',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.8 14h2.4',
  hook: 'M5.2 9.5a2.6 2.6 0 1 0 2.6 3h4M8.3 5.8a2.6 2.6 0 1 0-3 .6L3.8 9.8M9 4.6l2 4.2a2.6 2.6 0 1 1-1 4.4',
  key: 'M10 9.5A3.5 3.5 0 1 0 7 7.6L2.5 12v1.5H5V12h1.5v-1.5L8 9',
} as const

export type IconName = keyof typeof PATHS

/** A line drawing beside a word; never alone, so it needs no name of its own. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="pr-icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
