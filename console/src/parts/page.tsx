/** A page's head: what it is in one line, what can be done at the right. Sets the document's title. */
import { type ReactNode, useEffect } from "react";

interface Props {
  title: string;
  says?: ReactNode;
  crumb?: ReactNode;
  acts?: ReactNode;
  children: ReactNode;
}

export function Page({ title, says, crumb, acts, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Milepost`;
  }, [title]);
  return (
    <>
      <header className="page-head">
        <div>
          {crumb ? <div className="crumb">{crumb}</div> : null}
          <h1>{title}</h1>
          {says ? <p>{says}</p> : null}
        </div>
        {acts ? <div className="acts">{acts}</div> : null}
      </header>
      {children}
    </>
  );
}
