/** A line of columns, one for each day: its words are what it counts, for who cannot see it. */
interface Props {
  values: number[];
  label: string;
  width?: number;
  height?: number;
}

export function Sparkline({ values, label, width = 112, height = 24 }: Props) {
  const most = Math.max(1, ...values);
  const step = width / values.length;
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: "block" }}>
      <title>{label}</title>
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-strong)" />
      {values.map((value, place) => {
        const tall = value ? Math.max(2, (value / most) * (height - 2)) : 0;
        return (
          <rect
            key={place}
            x={place * step + 0.5}
            y={height - tall}
            width={Math.max(1, step - 1.5)}
            height={tall}
            fill="var(--accent)"
          />
        );
      })}
    </svg>
  );
}
