"""CronJobs: a Job at each time of a schedule.

Of several missed times only the last is made up for, as the real controller does.

Source: Kubernetes documentation, "CronJob".
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tiphys.sandbox.workloads.cluster import Cluster, Manifest
from tiphys.sandbox.workloads.jobs import JOBS, is_finished
from tiphys.sandbox.workloads.owners import conditions_of, owned

CRON_JOBS = ("batch", "cronjobs")
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_LONGEST_S = 3600.0


def step(cluster: Cluster, cron_job: Manifest) -> float | None:
    """Start the Job that is due, delete old ones; report."""
    jobs = sorted(cluster.children(cron_job, JOBS), key=_made_at)
    _forget(cluster, cron_job, jobs)
    due, left_s = (None, None) if cron_job["spec"].get("suspend") else _due(cron_job)
    started = None
    if due is not None:
        started = _start(cluster, cron_job, due, [job for job in jobs if not is_finished(job)])
    running = [job for job in jobs if not is_finished(job)] + ([started] if started else [])
    _report(cluster, cron_job, (jobs, running), due if started else None)
    return left_s


def _made_at(job: Manifest) -> str:
    made: str = job["metadata"]["creationTimestamp"]
    return made


def _due(cron_job: Manifest) -> tuple[datetime | None, float | None]:
    """Return the time that a Job is to be started for now, and the seconds until the next."""
    spec, status = cron_job["spec"], cron_job.get("status") or {}
    now = datetime.now(UTC)
    last = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    try:
        zone = ZoneInfo(spec.get("timeZone") or "UTC")
        past = CronSim(spec["schedule"], now.astimezone(zone), reverse=True)
        latest = next(past)
        coming = next(CronSim(spec["schedule"], now.astimezone(zone)))
    except (CronSimError, StopIteration, KeyError, ValueError):
        return None, None  # a schedule that is never, or not one: the API server refuses these
    left_s = min((coming - now).total_seconds(), _LONGEST_S) + 0.05
    late_s = (now - latest).total_seconds()
    is_missed = late_s > spec.get("startingDeadlineSeconds", late_s)
    is_new = latest > datetime.fromisoformat(last)
    return (latest if is_new and not is_missed else None), left_s


def _start(
    cluster: Cluster, cron_job: Manifest, due: datetime, running: list[Manifest]
) -> Manifest | None:
    policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
    if running and policy == "Forbid":
        return None
    if policy == "Replace":
        for job in running:
            cluster.delete(JOBS, job)
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), _SCHEDULED: _text(due)}
    body = {"metadata": {**metadata, "annotations": annotations}, "spec": template["spec"]}
    minutes = int(due.timestamp()) // 60
    return cluster.create(
        JOBS, owned(cron_job, body, name=f"{cron_job['metadata']['name']}-{minutes}")
    )


def _forget(cluster: Cluster, cron_job: Manifest, jobs: list[Manifest]) -> None:
    spec = cron_job["spec"]
    limits = {
        "Complete": spec.get("successfulJobsHistoryLimit", 3),
        "Failed": spec.get("failedJobsHistoryLimit", 1),
    }
    for outcome, limit in limits.items():
        ended = [job for job in jobs if outcome in conditions_of(job)]
        for job in ended[: max(len(ended) - limit, 0)]:
            cluster.delete(JOBS, job)


def _report(
    cluster: Cluster,
    cron_job: Manifest,
    jobs: tuple[list[Manifest], list[Manifest]],
    scheduled: datetime | None,
) -> None:
    known, running = jobs
    status = {k: v for k, v in (cron_job.get("status") or {}).items() if k != "active"}
    if running:
        status["active"] = [_reference(job) for job in running]
    if scheduled is not None:
        status["lastScheduleTime"] = _text(scheduled)
    ended = [(job.get("status") or {}).get("completionTime") for job in known]
    succeeded = [time for time in (*ended, status.get("lastSuccessfulTime")) if time]
    if succeeded:
        status["lastSuccessfulTime"] = max(succeeded)
    cluster.report(CRON_JOBS, cron_job, status)


def _reference(job: Manifest) -> Manifest:
    metadata = job["metadata"]
    kept = {name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion")}
    return {"apiVersion": "batch/v1", "kind": "Job", **kept}


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
