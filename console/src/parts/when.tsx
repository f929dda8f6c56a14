/** An instant: relative, with the exact one and its zone on hover. */
import { useEffect, useState } from "react";
import { exactTime, relativeTime } from "../words/amounts";
import { useZone } from "./zone";

const EACH_MS = 20_000;

export function When({ at }: { at: string }) {
  const zone = useZone();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), EACH_MS);
    return () => clearInterval(timer);
  }, []);
  const instant = new Date(at);
  return (
    <time dateTime={at} title={exactTime(instant, zone)}>
      {relativeTime(instant, now)}
    </time>
  );
}
