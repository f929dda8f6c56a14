/** Long work in the background: asked for seldom, and often while something runs; never while the tab is hidden. */
import { queryOptions } from "@tanstack/react-query";
import { api, given, type Schema } from "../client";

export type Job = Schema["Job"];

const isOver = (job: Job): boolean => job.state !== "queued" && job.state !== "running";

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: async () => (await given(api.GET("/api/jobs", { params: { query: { limit: 20 } } }))).items,
  refetchInterval: (query) => (query.state.data?.every(isOver) === false ? 1500 : 20_000),
  refetchIntervalInBackground: false,
});

export const underWay = (jobs: Job[]): Job[] => jobs.filter((job) => !isOver(job));

export const cancelJob = (id: string) =>
  given(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } } }));
