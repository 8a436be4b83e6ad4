import { createTheme, type CSSVariablesResolver } from '@mantine/core'

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif'
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", "Liberation Mono", monospace'

/** A field's error is read out when it appears. */
const SPOKEN = { role: 'alert' }

export const theme = createTheme({
  fontFamily: SANS,
  fontFamilyMonospace: MONO,
  fontSizes: { xs: '12px', sm: '14px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  headings: {
    fontFamily: SANS,
    sizes: {
      h1: { fontSize: '20px', lineHeight: '28px', fontWeight: '600' },
      h2: { fontSize: '16px', lineHeight: '24px', fontWeight: '600' },
      h3: { fontSize: '14px', lineHeight: '20px', fontWeight: '600' },
    },
  },
  primaryColor: 'blue',
  // White on this shade is 5:1 in both schemes.
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    NativeSelect: { defaultProps: { size: 'sm', errorProps: SPOKEN } },
    TextInput: { defaultProps: { size: 'sm', errorProps: SPOKEN } },
    InputBase: { defaultProps: { errorProps: SPOKEN } },
    Tooltip: {
      defaultProps: {
        events: { hover: true, focus: true, touch: true },
        transitionProps: { duration: 100 },
        multiline: true,
        maw: 420,
      },
    },
    Modal: {
      defaultProps: { transitionProps: { duration: 120 }, closeButtonProps: { 'aria-label': 'Close' } },
    },
    Drawer: {
      defaultProps: { transitionProps: { duration: 120 }, closeButtonProps: { 'aria-label': 'Close' } },
    },
  },
})

/** Colours of text that reach 4.5:1 on the page and on its raised surfaces, which the library's own do not. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--pr-success': '#1b7a33',
    '--pr-danger': '#c92a2a',
    '--pr-warning': '#8a5a00',
    '--pr-info': '#1864ab',
    '--pr-muted': '#5c636a',
    '--pr-line': '#dee2e6',
    '--pr-surface': '#f8f9fa',
    '--pr-raised': '#ffffff',
    '--pr-bar-succeeded': '#1971c2',
    '--pr-bar-failed': '#d9480f',
    '--mantine-color-dimmed': '#5c636a',
    '--mantine-color-placeholder': '#6b7278',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-anchor': '#1864ab',
  },
  dark: {
    '--pr-success': '#69db7c',
    '--pr-danger': '#ff8787',
    '--pr-warning': '#ffd43b',
    '--pr-info': '#74c0fc',
    '--pr-muted': '#a6a7ab',
    '--pr-line': '#3b3b3f',
    '--pr-surface': '#1f1f22',
    '--pr-raised': '#2a2a2e',
    '--pr-bar-succeeded': '#4dabf7',
    '--pr-bar-failed': '#ff922b',
    '--mantine-color-body': '#18181b',
    '--mantine-color-text': '#e4e4e7',
    '--mantine-color-dimmed': '#a6a7ab',
    '--mantine-color-placeholder': '#9a9ba0',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#74c0fc',
  },
})
