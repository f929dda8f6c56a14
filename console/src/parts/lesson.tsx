/** An empty page: what it is for, and the one next act. */
import type { ReactNode } from "react";

export function Lesson({ title, says, act }: { title: string; says: ReactNode; act?: ReactNode }) {
  return (
    <div className="lesson">
      <h2>{title}</h2>
      <p>{says}</p>
      {act}
    </div>
  );
}
