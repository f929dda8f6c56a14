/** Events over time by fate: thin bars; dragging over them chooses a span. The counts are in its label and its foot. */
import { type PointerEvent, useState } from "react";
import type { Schema } from "../../api/client";
import { useZone } from "../../parts/zone";
import { dayTime, exactNumber } from "../../words/amounts";
import { events as words } from "../../words/en/events";

interface Props {
  bars: Schema["EventBars"] | undefined;
  onSpan: (since: string, until: string) => void;
}

const FATES = [
  ["processed", "var(--accent)"],
  ["duplicate", "var(--quiet)"],
  ["parked", "var(--warn)"],
] as const;
const HEIGHT = 60;
const SMALLEST_DRAG = 0.01;

/** Where the pointer is over the bars: 0 at the left, 1 at the right. */
const at = (event: PointerEvent<SVGSVGElement>): number => {
  const box = event.currentTarget.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};

export function Bars({ bars, onSpan }: Props) {
  const zone = useZone();
  const [drag, setDrag] = useState<[number, number]>();
  if (!bars) return <div className="bars" />;
  const since = Date.parse(bars.since);
  const span = Date.parse(bars.until) - since;
  const most = Math.max(1, ...bars.bars.map(({ counts }) => counts.processed + counts.duplicate + counts.parked));
  const end = (): void => {
    if (drag && Math.abs(drag[1] - drag[0]) > SMALLEST_DRAG) {
      const [from, to] = [Math.min(...drag), Math.max(...drag)];
      onSpan(new Date(since + from * span).toISOString(), new Date(since + to * span).toISOString());
    }
    setDrag(undefined);
  };
  const { processed, duplicate, parked } = bars.total;
  const label = words.histogram(exactNumber(processed + duplicate + parked));
  return (
    <>
      <svg
        className="bars"
        viewBox={`0 0 1000 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([at(event), at(event)]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], at(event)])}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
      >
        <title>{words.histogramHint}</title>
        <line x1={0} x2={1000} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke="var(--line-strong)" />
        {bars.bars.map((bar) => {
          const x = (1000 * (Date.parse(bar.at) - since)) / span;
          const width = Math.max(1.5, (1000 * bars.step_ms) / span - 1.5);
          let top = HEIGHT;
          return (
            <g key={bar.at}>
              {FATES.map(([fate, color]) => {
                const tall = bar.counts[fate] ? Math.max(1.5, (bar.counts[fate] / most) * (HEIGHT - 4)) : 0;
                top -= tall;
                return tall ? <rect key={fate} x={x} y={top} width={width} height={tall} fill={color} /> : null;
              })}
            </g>
          );
        })}
        {drag ? (
          <rect
            x={1000 * Math.min(...drag)}
            width={1000 * Math.abs(drag[1] - drag[0])}
            y={0}
            height={HEIGHT}
            fill="var(--accent)"
            opacity={0.18}
          />
        ) : null}
      </svg>
      <div className="bars-foot">
        <span>{dayTime(new Date(bars.since), zone)}</span>
        <span>
          {FATES.filter(([fate]) => bars.total[fate]).map(([fate]) => (
            <span key={fate} style={{ marginLeft: 10 }}>
              {exactNumber(bars.total[fate])} {words.fates[fate]}
            </span>
          ))}
        </span>
        <span>{dayTime(new Date(bars.until), zone)}</span>
      </div>
    </>
  );
}
