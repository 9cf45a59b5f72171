// The few pictures of the console, drawn on one 16-unit grid. None speaks for itself: beside each stands a word, for
// everybody or for a screen reader.
import type { ComponentChildren } from 'preact'

interface Size {
  readonly size?: number
}

const Drawing = ({ size = 16, children }: Size & { children: ComponentChildren }) => (
  <svg
    width={size}
    height={size}
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    {children}
  </svg>
)

export const CheckIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M3 8.5 6.5 12 13 4.5" />
  </Drawing>
)
export const DoubleCheckIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M1.2 8.6 4.4 12l6.3-7.5M8.2 11.6l.5.4 6.2-7.5" />
  </Drawing>
)
export const PlayedIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M1.5 5v6L6 8zM7.5 9.5 9.8 12l5-7" />
  </Drawing>
)
export const PendingIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <circle cx="8" cy="8" r="5.5" stroke-dasharray="2.2 2.12" />
  </Drawing>
)
export const WarningIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M8 2.2 14.6 13.6H1.4zM8 6.5v3.2M8 11.8v.05" />
  </Drawing>
)
export const QuestionIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M6.2 6.4A1.9 1.9 0 1 1 8.6 8.2c-.4.2-.6.5-.6 1M8 11.3v.05" />
  </Drawing>
)
export const ReplyIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M6.5 3.5 2.5 7.5l4 4M2.5 7.5h6a5 5 0 0 1 5 5" />
  </Drawing>
)
export const SendIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M2 8 14 2.5 10.5 14 7.8 9z" />
  </Drawing>
)
export const BackIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M10 3 5 8l5 5" />
  </Drawing>
)
export const DownIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M8 3v10M3.5 8.5 8 13l4.5-4.5" />
  </Drawing>
)
export const CloseIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Drawing>
)
export const MoreIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <circle cx="3.5" cy="8" r="1" fill="currentColor" />
    <circle cx="8" cy="8" r="1" fill="currentColor" />
    <circle cx="12.5" cy="8" r="1" fill="currentColor" />
  </Drawing>
)
export const HourglassIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M4 2h8M4 14h8M5 2c0 3.5 6 4.5 6 12M11 2c0 3.5-6 4.5-6 12" />
  </Drawing>
)
export const SmileIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M5.5 9.500c1.2 2 3.8 2 5 0M6 6.200v.05M10 6.200v.05" />
  </Drawing>
)
export const HashIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M6.5 2.5 5 13.500M11 2.500 9.5 13.500M3 6h10.500M2.5 10H13" />
  </Drawing>
)
export const SunIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1.500v1M8 13.500v1M1.5 8h1M13.5 8h1M3.4 3.400l.7.7M11.9 11.900l.7.7M12.6 3.400l-.7.7M4.1 11.900l-.7.7" />
  </Drawing>
)
export const MoonIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M13.5 9.800A6 6 0 0 1 6.2 2.500a6 6 0 1 0 7.3 7.300z" />
  </Drawing>
)
export const KeyboardIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
    <path d="M4 6.700v.05M6.7 6.700v.05M9.4 6.700v.05M12 6.700v.05M5 10h6" />
  </Drawing>
)
export const TimelineIcon = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M4 2v12M4 4h8M4 8h5M4 12h7" />
  </Drawing>
)

/** A speech bubble with a telephone in it: sessions of WhatsApp. */
export const WhatsAppGlyph = ({ size = 16 }: Size) => (
  <Drawing size={size}>
    <path d="M4.5 2h7a2.5 2.5 0 0 1 2.5 2.500v5a2.5 2.5 0 0 1-2.5 2.500H7l-3.5 2.500V11.800A2.5 2.5 0 0 1 2 9.500v-5A2.5 2.5 0 0 1 4.5 2z" />
    <path
      d="M6 4.600c-.9 2.3 2 5.2 4.2 4.400l.4-1.2-1.5-.8-.8.6C7.6 7.2 7.3 6.9 7 6.300l.7-.7-.6-1.400z"
      fill="currentColor"
      stroke="none"
    />
  </Drawing>
)
