/** Long work under way, in the lower right corner of every page; nothing is shown while there is none. */
import { Button, Popover, Progress } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { cancelJob, type Job, jobsQuery, underWay } from "../api/queries/jobs";
import { useMay } from "../api/queries/session";
import { Amount } from "../parts/amount";
import { frame } from "../words/en/frame";

export function Jobs() {
  const jobs = useQuery(jobsQuery).data ?? [];
  const running = underWay(jobs);
  if (!running.length) return null;
  return (
    <div className="jobs">
      <Popover position="top-end" width={320} shadow="md" transitionProps={{ duration: 0 }}>
        <Popover.Target>
          <Button variant="default" size="compact-md">
            {frame.jobsUnderWay(running.length)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <div className="stack">
            {running.map((job) => (
              <Running key={job.id} job={job} />
            ))}
          </div>
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

function Running({ job }: { job: Job }) {
  const queries = useQueryClient();
  const mayCancel = useMay("editor");
  const ending = useMutation({
    mutationFn: () => cancelJob(job.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const share = job.total ? Math.round((100 * job.done) / job.total) : 0;
  return (
    <div>
      <div className="row" style={{ justifyContent: "space-between" }}>
        <span>{job.kind.replaceAll("_", " ")}</span>
        {mayCancel ? (
          <Button size="compact-xs" variant="subtle" loading={ending.isPending} onClick={() => ending.mutate()}>
            {frame.stopJob}
          </Button>
        ) : null}
      </div>
      <Progress value={share} aria-label={job.kind} my={4} />
      <div className="soft" style={{ fontSize: 12 }}>
        <Amount value={job.done} />
        {job.total ? (
          <>
            {" / "}
            <Amount value={job.total} />
          </>
        ) : null}{" "}
        {job.unit}
      </div>
    </div>
  );
}
