/** The pages by their addresses: each is a chunk of its own, fetched when one points at its link. */
import {
  type ErrorComponentProps,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
} from "@tanstack/react-router";
import { Lesson } from "../parts/lesson";
import { Skeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { frame } from "../words/en/frame";
import { validateCompaniesSearch } from "../pages/companies/search";
import { validateConnectionSearch } from "../pages/connections/search";
import { validateEventsSearch } from "../pages/events/search";
import { validatePortfolioSearch } from "../pages/portfolio/search";
import { Gate } from "./shell";
import { parseSearch, stringifySearch } from "./url-codec";

const NotFound = () => (
  <Lesson title={frame.notFound} says={frame.notFoundSays} act={<Link to="/">{frame.goHome}</Link>} />
);
const Failed = ({ error, reset }: ErrorComponentProps) => (
  <Lesson title={frame.crashed} says={frame.crashedSays} act={<Trouble error={error} again={reset} />} />
);

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });
const at = <const P extends string>(path: P) => ({ getParentRoute: () => root, path });

const home = createRoute({
  ...at("/"),
  component: lazyRouteComponent(() => import("../pages/home/page"), "HomePage"),
});
const reactor = createRoute({
  ...at("/reactor"),
  component: lazyRouteComponent(() => import("../pages/reactor/page"), "ReactorPage"),
});
const connections = createRoute({
  ...at("/connections"),
  component: lazyRouteComponent(() => import("../pages/connections/page"), "ConnectionsPage"),
});
const newConnection = createRoute({
  ...at("/connections/new"),
  component: lazyRouteComponent(() => import("../pages/connections/new-page"), "NewConnectionPage"),
});
const connection = createRoute({
  ...at("/connections/$id"),
  validateSearch: validateConnectionSearch,
  component: lazyRouteComponent(() => import("../pages/connections/one-page"), "ConnectionPage"),
});
const events = createRoute({
  ...at("/events"),
  validateSearch: validateEventsSearch,
  component: lazyRouteComponent(() => import("../pages/events/page"), "EventsPage"),
});
const companies = createRoute({
  ...at("/companies"),
  validateSearch: validateCompaniesSearch,
  component: lazyRouteComponent(() => import("../pages/companies/page"), "CompaniesPage"),
});
const company = createRoute({
  ...at("/companies/$id"),
  component: lazyRouteComponent(() => import("../pages/companies/one-page"), "CompanyPage"),
});

const portfolio = createRoute({
  ...at("/portfolio"),
  validateSearch: validatePortfolioSearch,
  component: lazyRouteComponent(() => import("../pages/portfolio/page"), "PortfolioPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    reactor,
    connections,
    newConnection,
    connection,
    events,
    companies,
    company,
    portfolio,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPendingComponent: Skeleton,
  defaultErrorComponent: Failed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
