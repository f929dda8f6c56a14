/** The shape of what comes, once it has taken long enough to be noticed. */
import { useEffect, useState } from "react";
import { frame } from "../words/en/frame";

const NOTICED_MS = 150;
const WIDTHS = ["72%", "54%", "63%", "48%", "69%", "58%"];

export function Skeleton({ rows = 6 }: { rows?: number }) {
  const [isNoticed, setNoticed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setNoticed(true), NOTICED_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label={frame.loading} className="stack" style={{ padding: "12px 0", gap: 22 }}>
      {isNoticed
        ? Array.from({ length: rows }, (_, row) => (
            <div key={row} className="bar-skeleton" style={{ width: WIDTHS[row % WIDTHS.length] }} />
          ))
        : null}
    </div>
  );
}
