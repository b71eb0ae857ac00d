"""Jobs: pods that run until enough have succeeded, or too many failed.

Failed pods are replaced at once: the real controller waits 10 s and more.

Source: Kubernetes documentation, "Jobs"; conditions as a real controller manager wrote them.
"""

from collections.abc import Iterator

from tiphys.sandbox.workloads.cluster import PODS, Cluster, Manifest, seconds_since
from tiphys.sandbox.workloads.owners import Conditions, conditions_of, is_ready, pod

JOBS = ("batch", "jobs")
_INDEX = "batch.kubernetes.io/job-completion-index"
_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
_TOO_MANY = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LONG = ("DeadlineExceeded", "Job was active longer than specified deadline")


def step(cluster: Cluster, job: Manifest) -> float | None:
    """Start the pods that are wanted next, end the Job when it is over; report."""
    if is_finished(job):
        return _expire(cluster, job)
    spec = job["spec"]
    pods = cluster.children(job, PODS)
    phases = {found["metadata"]["name"]: (found.get("status") or {}).get("phase") for found in pods}
    active = [found for found in pods if phases[found["metadata"]["name"]] not in _ENDED]
    counts = {
        "succeeded": _succeeded(job, pods),
        "failed": list(phases.values()).count("Failed"),
    }
    end = None if spec.get("suspend") else _end(job, counts, active)
    if end is not None or spec.get("suspend"):
        for found in active:
            cluster.delete(PODS, found)
        active = []
    else:
        active += _start(cluster, job, (pods, active, counts["succeeded"]))
    ready = sum(map(is_ready, active))
    _report(cluster, job, {"active": len(active), **counts}, (ready, end))
    if end is not None or "activeDeadlineSeconds" not in spec or spec.get("suspend"):
        return None
    started = (job.get("status") or {}).get("startTime") or job["metadata"]["creationTimestamp"]
    return max(float(spec["activeDeadlineSeconds"]) - seconds_since(started), 0.0) + 0.1


_ENDED = ("Succeeded", "Failed")


def is_finished(job: Manifest) -> bool:
    """Return whether a Job is over, well or not."""
    conditions = conditions_of(job)
    return any(name in conditions for name in ("Complete", "Failed"))


def _expire(cluster: Cluster, job: Manifest) -> float | None:
    limit = job["spec"].get("ttlSecondsAfterFinished")
    if limit is None:
        return None
    found = conditions_of(job)
    ended = (found.get("Complete") or found["Failed"])["lastTransitionTime"]
    left_s = float(limit) - seconds_since(ended)
    if left_s > 0:
        return left_s
    cluster.delete(JOBS, job)
    return None


def _succeeded(job: Manifest, pods: list[Manifest]) -> int:
    done = [found for found in pods if (found.get("status") or {}).get("phase") == "Succeeded"]
    return len({_index(found) for found in done}) if _is_indexed(job) else len(done)


def _is_indexed(job: Manifest) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def _index(found: Manifest) -> str:
    return str((found["metadata"].get("annotations") or {}).get(_INDEX))


def _end(
    job: Manifest, counts: dict[str, int], active: list[Manifest]
) -> tuple[str, str, str] | None:
    """Return the type, reason and message of how a Job ends now, None when it goes on."""
    spec, status = job["spec"], job.get("status") or {}
    wanted = spec.get("completions")
    is_done = counts["succeeded"] >= wanted if wanted is not None else counts["succeeded"] > 0
    if is_done and (wanted is not None or not active):
        return ("Complete", *_REACHED)
    if counts["failed"] > spec.get("backoffLimit", 6):
        return ("Failed", *_TOO_MANY)
    deadline_s, started = spec.get("activeDeadlineSeconds"), status.get("startTime")
    if deadline_s is not None and started and seconds_since(started) >= deadline_s:
        return ("Failed", *_TOO_LONG)
    return None


def _start(
    cluster: Cluster, job: Manifest, state: tuple[list[Manifest], list[Manifest], int]
) -> list[Manifest]:
    pods, active, succeeded = state
    spec = job["spec"]
    parallel = spec.get("parallelism", 1)
    wanted = spec.get("completions")
    left = parallel if wanted is None else min(parallel, wanted - succeeded)
    if wanted is None and succeeded:
        left = 0  # of a work queue nothing new is started once a pod has succeeded
    indexes = _free_indexes(job, pods)
    made = []
    for _ in range(left - len(active)):
        names = {_INDEX: next(indexes)} if _is_indexed(job) else {}
        new = cluster.create(PODS, pod(job, labels=names, annotations=names))
        if new is not None:
            made.append(new)
    for found in active[max(left, 0) :]:
        cluster.delete(PODS, found)
    return made


def _free_indexes(job: Manifest, pods: list[Manifest]) -> Iterator[str]:
    busy = {_index(p) for p in pods if (p.get("status") or {}).get("phase") != "Failed"}
    return (str(n) for n in range(job["spec"].get("completions") or 0) if str(n) not in busy)


def _report(
    cluster: Cluster,
    job: Manifest,
    counts: dict[str, int],
    outcome: tuple[int, tuple[str, str, str] | None],
) -> None:
    ready, end = outcome
    before, now = job.get("status") or {}, cluster.now
    is_suspended = bool(job["spec"].get("suspend"))
    conditions = _conditions(conditions_of(job), end, now, is_suspended=is_suspended)
    status: Manifest = {
        **{name: count for name, count in counts.items() if count},
        "ready": ready,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }
    if not is_suspended:
        status["startTime"] = before.get("startTime") or now
    if end is not None and end[0] == "Complete":
        status["completionTime"] = now
    if conditions:
        status["conditions"] = list(conditions.values())
    cluster.report(JOBS, job, status)


def _conditions(
    before: Conditions, end: tuple[str, str, str] | None, now: str, *, is_suspended: bool
) -> Conditions:
    conditions = dict(before)
    known = before.get("Suspended")
    if is_suspended and (known is None or known["status"] != "True"):
        text = ("JobSuspended", "Job suspended")
        conditions["Suspended"] = _condition("Suspended", "True", text, now)
    elif not is_suspended and known is not None and known["status"] == "True":
        text = ("JobResumed", "Job resumed")
        conditions["Suspended"] = _condition("Suspended", "False", text, now)
    if end is not None:
        kind, reason, message = end
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        for name in (first, kind):
            conditions[name] = _condition(name, "True", (reason, message), now)
    return conditions


def _condition(kind: str, status: str, text: tuple[str, str], now: str) -> Manifest:
    return {
        "type": kind,
        "status": status,
        "reason": text[0],
        "message": text[1],
        "lastProbeTime": now,
        "lastTransitionTime": now,
    }
