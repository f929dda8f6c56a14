/** One outcome or milestone: its states over the weeks, and the companies that are in one of them now. */
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { companiesThereQuery, type Nouns, seriesQuery, type Shares, type State } from "../../api/queries/portfolio";
import { Icon } from "../../parts/icon";
import { Skeleton } from "../../parts/skeleton";
import { StateMark } from "../../parts/state-mark";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { portfolio as words } from "../../words/en/portfolio";
import { Areas } from "./areas";

interface Props {
  nouns: Nouns;
  shares: Shares;
  state: State | undefined;
}

export function There({ nouns, shares, state }: Props) {
  const series = useQuery(seriesQuery(nouns, shares.id));
  return (
    <section className="panel" aria-label={shares.name}>
      <div className="row" style={{ justifyContent: "space-between" }}>
        <h2 style={{ margin: 0, fontSize: 15 }}>{shares.name}</h2>
        <Link to="/portfolio" search={{}} resetScroll={false} aria-label={words.close}>
          <Icon name="close" />
        </Link>
      </div>
      {series.isPending ? <Skeleton rows={3} /> : null}
      {series.error ? <Trouble error={series.error} again={() => void series.refetch()} /> : null}
      {series.data ? <Areas points={series.data} label={words.overTimeSays(shares.name)} /> : null}
      <Companies nouns={nouns} id={shares.id} state={state} />
    </section>
  );
}

function Companies({ nouns, id, state }: { nouns: Nouns; id: string; state: State | undefined }) {
  const found = useInfiniteQuery(companiesThereQuery(nouns, id, state));
  const rows = found.data?.pages.flatMap((page) => page.items);
  return (
    <>
      <h3 style={{ fontSize: 13, margin: "14px 0 6px" }}>
        {words.companies} · {state ? <StateMark state={state} /> : words.everyState}
      </h3>
      {found.isPending ? <Skeleton rows={4} /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {rows?.length === 0 ? <div className="soft">{words.none}</div> : null}
      {rows?.length ? (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={words.companies}>
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{words.there.company}</th>
                <th scope="col">{words.there.state}</th>
                <th scope="col">{words.there.since}</th>
                <th scope="col">{words.there.due}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.assigned_id}>
                  <td>
                    <Link to="/companies/$id" params={{ id: row.company_id }} className="name">
                      {row.company_name}
                    </Link>
                  </td>
                  <td>
                    <StateMark state={row.state} />
                  </td>
                  <td>
                    <When at={row.since} />
                  </td>
                  <td>{row.due_at ? <When at={row.due_at} /> : null}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {found.hasNextPage ? (
        <Button
          mt={8}
          size="compact-sm"
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {words.more}
        </Button>
      ) : null}
    </>
  );
}
