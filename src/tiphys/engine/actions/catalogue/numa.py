"""Actions of Numaflow's pipelines and of Numaplane's roll outs of them.

Source: Numaflow, "Pipeline operations", pausing and resume strategies; Numaplane, promotion.
"""

from typing import Final

from tiphys.engine.actions.changes import (
    Change,
    Path,
    annotation,
    dropping,
    label,
    setting,
    several,
)
from tiphys.engine.actions.offers import Offer, offer
from tiphys.engine.health.rules import Claim, always, both, either, field, get, unless
from tiphys.model.keys import Manifest

_FA_PAUSE: Final = "fa-solid fa-fw fa-pause"
_FA_PLAY: Final = "fa-solid fa-fw fa-play"
_FA_FORWARD: Final = "fa-solid fa-fw fa-forward"

_PHASE: Final = ("lifecycle", "desiredPhase")
_STRATEGY: Final = "numaflow.numaproj.io/resume-strategy"
_STRATEGIES: Final = "numaflow.numaproj.io/allowed-resume-strategies"
_UPGRADE: Final = "numaplane.numaproj.io/upgrade-state"
_FORCE: Final = "numaplane.numaproj.io/force-promote"
_DATA_LOSS: Final = "numaplane.numaproj.io/allow-data-loss"


def _marked(kind: str, key: str, *values: str) -> Claim:
    def holds(live: Manifest) -> bool:
        return (get(live, f"metadata.{kind}") or {}).get(key) in values

    return Claim(holds, f"`{key}` is {' or '.join(values)}")


_can_be_promoted: Final = both(
    _marked("labels", _UPGRADE, "in-progress", "trial"), unless(_marked("labels", _FORCE, "true"))
)
_FORCE_PROMOTE: Final = Offer(
    name="force-promote",
    change=setting(label(_FORCE), "true"),
    disabled=unless(_can_be_promoted),
    icon=_FA_FORWARD,
    title="Force Promote",
)


def _allows(*strategies: str) -> Claim:
    def holds(live: Manifest) -> bool:
        annotations = get(live, "spec.metadata.annotations") or {}
        return annotations.get(_STRATEGIES, "slow") in strategies

    return Claim(holds, f"`{_STRATEGIES}` is {' or '.join(strategies)}")


_allows_slow: Final = unless(_allows("fast"))
_allows_fast: Final = _allows("fast", "slow, fast")


def _pausable(
    spec: Path, gradual: Change, fast: Change, allowed: tuple[Claim, Claim] = (always, always)
) -> tuple[Offer, ...]:
    """Return pausing of a pipeline, and resuming it in two ways.

    Args:
        spec: where its spec lies.
        gradual: what is changed beside the phase to begin small.
        fast: what is changed to begin with as many pods as before.
        allowed: say whether each way is allowed.
    """
    phase = (*spec, *_PHASE)
    is_paused = field(".".join(phase), "Paused")
    run = setting(phase, "Running")
    return (
        Offer(name="pause", change=setting(phase, "Paused"), disabled=is_paused, icon=_FA_PAUSE),
        Offer(
            name="unpause-gradual",
            change=several(run, gradual),
            disabled=unless(both(is_paused, allowed[0])),
            icon=_FA_PLAY,
            title="Unpause (gradual)",
        ),
        Offer(
            name="unpause-fast",
            change=several(run, fast),
            disabled=unless(both(is_paused, allowed[1])),
            icon=_FA_PLAY,
            title="Unpause (fast)",
        ),
    )


_PROGRESSIVE: Final = ("spec", "strategy", "progressive", "forcePromote")
_is_forced: Final = field(".".join(_PROGRESSIVE), True)
_is_upgrading: Final = both(
    field("status.upgradeInProgress", "Progressive"), field("status.phase", "Pending")
)
_PROMOTION: Final = (
    offer("disable-force-promote", setting(_PROGRESSIVE, False), disabled=unless(_is_forced)),
    offer(
        "enable-force-promote",
        setting(_PROGRESSIVE, True),
        disabled=either(_is_forced, unless(_is_upgrading)),
    ),
)
_DATA: Final = (
    offer(
        "allow-data-loss",
        setting(annotation(_DATA_LOSS), "true"),
        disabled=unless(field("status.upgradeInProgress", "PipelinePauseAndDrain")),
    ),
    offer(
        "disallow-data-loss",
        dropping(annotation(_DATA_LOSS)),
        disabled=unless(_marked("annotations", _DATA_LOSS, "true")),
    ),
)


def _rollout(kind: str) -> tuple[Offer, ...]:
    fast = ("spec", "strategy", "pauseResume", "fastResume")
    return _pausable(("spec", kind, "spec"), setting(fast, False), setting(fast, True))


_ALLOWED: Final = (_allows_slow, _allows_fast)
_strategy: Final = annotation(_STRATEGY)
_PIPELINE: Final = (
    *_pausable(("spec",), setting(_strategy, "slow"), setting(_strategy, "fast"), _ALLOWED),
    _FORCE_PROMOTE,
)
_MONO_VERTEX: Final = (
    *_pausable(("spec",), dropping(("spec", "replicas")), several(), _ALLOWED),
    _FORCE_PROMOTE,
)

KINDS: Final[dict[str, tuple[Offer, ...]]] = {
    "numaflow.numaproj.io/InterStepBufferService": (_FORCE_PROMOTE,),
    "numaflow.numaproj.io/MonoVertex": _MONO_VERTEX,
    "numaflow.numaproj.io/Pipeline": _PIPELINE,
    "numaplane.numaproj.io/ISBServiceRollout": _PROMOTION,
    "numaplane.numaproj.io/MonoVertexRollout": (*_rollout("monoVertex"), *_PROMOTION),
    "numaplane.numaproj.io/PipelineRollout": (*_rollout("pipeline"), *_DATA, *_PROMOTION),
}
