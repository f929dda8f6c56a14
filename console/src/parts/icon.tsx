/** Small line icons, drawn here: always beside a word, or repeated down a column. */
const PATHS = {
  home: "M3 9.5 10 4l7 5.5V17h-4.5v-4h-5v4H3z",
  companies: "M4 17V4h7v13M11 8h5v9M2.5 17h15M6.5 7h2M6.5 10h2M6.5 13h2M13 11h1M13 14h1",
  plans: "M4 16V4M4 5h9l-1.5 3L13 11H4",
  reactor: "M10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M3 10h4.5M12.5 10H17M10 3v4.5M10 12.5V17",
  connections: "M7 6V3M13 6V3M5 6h10v4a5 5 0 0 1-10 0zM10 15v3",
  system: "M4 5h12M4 10h12M4 15h12M7 3.5v3M13 8.5v3M8 13.5v3",
  search: "M8.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.5 12.5 17 17",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  close: "M5 5l10 10M15 5 5 15",
  copy: "M7 7h9v9H7zM4 13V4h9",
  plus: "M10 4v12M4 10h12",
  filter: "M3 5h14l-5.5 6.5V17l-3-1.5v-4z",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M15.7 4.3l-1.4 1.4M5.7 14.3l-1.4 1.4",
  person: "M10 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6M4 17c.6-3.2 3-5 6-5s5.4 1.8 6 5",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  check: "M4 10.5 8 14.5 16 6",
  arrow: "M4 10h12M11 5l5 5-5 5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
