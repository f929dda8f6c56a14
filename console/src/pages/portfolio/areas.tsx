/** States over time as stacked areas from zero, with the same numbers as a table behind them. */
import type { Point } from "../../api/queries/portfolio";
import { useZone } from "../../parts/zone";
import { dayTime, exactNumber } from "../../words/amounts";
import { states } from "../../words/en/home";
import { portfolio as words } from "../../words/en/portfolio";

const WIDTH = 600;
const HEIGHT = 120;

export function Areas({ points, label }: { points: Point[]; label: string }) {
  const zone = useZone();
  if (points.length < 2) return null;
  const most = Math.max(1, ...points.map(({ companies }) => companies));
  const present = Object.keys(states).filter((state) => points.some((point) => point.states[state]));
  const x = (place: number): number => (place * WIDTH) / (points.length - 1);
  const y = (count: number): number => HEIGHT - (count / most) * (HEIGHT - 4);
  const heights = points.map((point) => {
    let sum = 0;
    return present.map((state) => [sum, (sum += point.states[state] ?? 0)] as const);
  });
  const area = (at: number): string => {
    const top = heights.map((each, place) => `${x(place)},${y(each[at]?.[1] ?? 0)}`);
    const bottom = heights.map((each, place) => `${x(place)},${y(each[at]?.[0] ?? 0)}`);
    return [...top, ...bottom.toReversed()].join(" ");
  };
  return (
    <>
      <h3 style={{ fontSize: 13, margin: "12px 0 6px" }}>{words.overTime}</h3>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        style={{ width: "100%", height: HEIGHT, display: "block" }}
      >
        <title>{label}</title>
        {present.map((state, at) => (
          <polygon key={state} points={area(at)} fill={states[state]?.color} opacity={0.75} />
        ))}
        <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke="var(--line-strong)" />
      </svg>
      <details style={{ marginTop: 6, fontSize: 12 }}>
        <summary style={{ cursor: "pointer" }}>{words.asTable}</summary>
        <div className="table-scroll" tabIndex={0} role="group" aria-label={words.overTime}>
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{words.week}</th>
                {present.map((state) => (
                  <th key={state} scope="col" className="number">
                    {states[state]?.word}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={point.end}>
                  <td>{dayTime(new Date(point.end), zone)}</td>
                  {present.map((state) => (
                    <td key={state} className="number">
                      {exactNumber(point.states[state] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
