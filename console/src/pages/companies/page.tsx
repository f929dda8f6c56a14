/** All companies by name: thousands of rows stay quick, since only those in sight are in the page. */
import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { companiesQuery, type Company } from "../../api/queries/companies";
import { Lesson } from "../../parts/lesson";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { companies as words } from "../../words/en/companies";
import "./companies.css";

const route = getRouteApi("/companies");
const TYPED_MS = 250;
const ROW = 40;
const NEAR_THE_END = 20;

export function CompaniesPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [text, setText] = useState(filter.search ?? "");
  const typed = useDebouncedCallback(
    (search: string) => void navigate({ search: (before) => ({ ...before, search: search || undefined }) }),
    TYPED_MS,
  );
  const found = useInfiniteQuery({ ...companiesQuery(filter), placeholderData: (before) => before });
  const rows = found.data?.pages.flatMap((page) => page.items);
  return (
    <Page title={words.title} says={words.says}>
      <div className="row" role="search" style={{ alignItems: "end", marginBottom: 12 }}>
        <TextInput
          label={words.search}
          value={text}
          data-page-search
          w={280}
          onChange={(event) => {
            setText(event.currentTarget.value);
            typed(event.currentTarget.value);
          }}
        />
        <Select
          label={words.standing}
          w={150}
          allowDeselect={false}
          data={[
            { value: "active", label: words.active },
            { value: "set_aside", label: words.setAside },
          ]}
          value={filter.standing ?? "active"}
          onChange={(standing) =>
            void navigate({
              search: (before) => ({ ...before, standing: standing === "set_aside" ? "set_aside" : undefined }),
            })
          }
        />
      </div>
      {found.isPending ? <Skeleton /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {rows?.length === 0 ? (
        filter.search || filter.standing ? (
          <Lesson title={words.none} says={words.noneSays} />
        ) : (
          <Lesson title={words.empty} says={words.emptySays} />
        )
      ) : null}
      {rows?.length ? (
        <List
          rows={rows}
          onEnd={() => {
            if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
          }}
        />
      ) : null}
    </Page>
  );
}

function List({ rows, onEnd }: { rows: Company[]; onEnd: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last > rows.length - NEAR_THE_END) onEnd();
  });
  return (
    <div ref={list} className="company-list" role="list" aria-label={words.list}>
      <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
        {items.map(({ index, start }) => {
          const company = rows[index];
          return company ? (
            <div
              key={company.id}
              role="listitem"
              className="company-row"
              style={{ transform: `translateY(${start}px)` }}
            >
              <Link to="/companies/$id" params={{ id: company.id }} className="name" title={company.name}>
                {company.name}
              </Link>
              <span className="soft mono">
                {company.keys.map((key) => `${key.key_space} ${key.value}`).join(" · ")}
              </span>
              <span className="soft wide-only">
                {Object.entries(company.attributes)
                  .map(([name, value]) => `${name}: ${value}`)
                  .join(" · ")}
              </span>
              <span className="soft wide-only">
                <When at={company.created_at} /> {company.is_auto_created ? words.auto : null}
              </span>
            </div>
          ) : null;
        })}
      </div>
    </div>
  );
}
