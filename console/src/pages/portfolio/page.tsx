/** How all companies fare: per outcome and milestone the states now; a click opens the companies behind a number. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type Nouns, portfolioQuery, type Shares, type State } from "../../api/queries/portfolio";
import { Lesson } from "../../parts/lesson";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { StateMark } from "../../parts/state-mark";
import { Trouble } from "../../parts/trouble";
import { exactNumber } from "../../words/amounts";
import { inOrder, states } from "../../words/en/home";
import { portfolio as words } from "../../words/en/portfolio";
import { There } from "./there";
import "./portfolio.css";

const route = getRouteApi("/portfolio");

export function PortfolioPage() {
  const found = useQuery(portfolioQuery);
  const { nouns, id, state } = route.useSearch();
  const { outcomes = [], milestones = [] } = found.data ?? {};
  const chosen = (nouns === "outcomes" ? outcomes : milestones).find((one) => one.id === id);
  return (
    <Page title={words.title} says={words.says}>
      {found.isPending ? <Skeleton /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {found.data && !outcomes.length && !milestones.length ? (
        <Lesson title={words.empty} says={words.emptySays} />
      ) : null}
      <div className="portfolio" data-open={chosen !== undefined}>
        <div className="stack">
          <List title={words.outcomes} nouns="outcomes" shares={outcomes} chosen={id} />
          <List title={words.milestones} nouns="milestones" shares={milestones} chosen={id} />
        </div>
        {chosen && nouns ? <There key={chosen.id} nouns={nouns} shares={chosen} state={state} /> : null}
      </div>
    </Page>
  );
}

interface ListProps {
  title: string;
  nouns: Nouns;
  shares: Shares[];
  chosen: string | undefined;
}

function List({ title, nouns, shares, chosen }: ListProps) {
  if (!shares.length) return null;
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {shares.map((one) => (
        <div key={one.id} className="share" aria-current={one.id === chosen}>
          <div className="row" style={{ justifyContent: "space-between" }}>
            <Link to="/portfolio" search={{ nouns, id: one.id }} resetScroll={false} className="name">
              {one.name}
            </Link>
            <span className="soft">{one.companies ? words.of(exactNumber(one.companies)) : words.nobody}</span>
          </div>
          <Bar shares={one} />
          <div className="row" style={{ gap: 14 }}>
            {inOrder(one.states).map(([state, count]) => (
              <Link
                key={state}
                to="/portfolio"
                search={{ nouns, id: one.id, state: state as State }}
                resetScroll={false}
                className="count"
              >
                <StateMark state={state} /> {exactNumber(count)}
              </Link>
            ))}
          </div>
        </div>
      ))}
    </section>
  );
}

/** The same counts as lengths; the words are below it. */
function Bar({ shares }: { shares: Shares }) {
  return (
    <div className="share-bar" aria-hidden="true">
      {Object.keys(states)
        .filter((state) => shares.states[state])
        .map((state) => (
          <i key={state} style={{ flexGrow: shares.states[state], background: states[state]?.color }} />
        ))}
    </div>
  );
}
