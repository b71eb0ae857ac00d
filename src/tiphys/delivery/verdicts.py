"""Verdicts on single resources: from the cache, from the values, or from the API server.

Source: architecture, decision 3.
"""

import asyncio

import msgspec

from tiphys.delivery.remembering import Remembered
from tiphys.delivery.trials import Trial, Trials
from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.diff.compare import compare
from tiphys.engine.diff.digest import live_digest
from tiphys.engine.diff.prediction import judge_prediction, judge_refusal
from tiphys.engine.diff.settings import CompareMode, CompareSettings
from tiphys.engine.normalise import prepare_target
from tiphys.engine.scrubbing import without_secrets
from tiphys.engine.sync.options import SyncOptions, resource_options
from tiphys.kube.client import KubeClient
from tiphys.languages.asking import Look
from tiphys.model.errors import ApiError, ClusterError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest, gvk_of, key_of
from tiphys.structured.schema import load_builtin_schema

_REMEMBERED_BYTES = 4 * 1024 * 1024
_ENTRY_BYTES = 1024
"""Of a verdict without drifts: key, settings and what surrounds them, by measurement."""
_PARALLEL_QUESTIONS = 8


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared, and how; `context` changes with the server's version and kinds."""

    target: Manifest
    target_digest: str
    live: Manifest
    settings: CompareSettings
    options: SyncOptions
    context: object


class Verdicts:
    """All verdicts of an installation, remembered while nothing they depend on changes."""

    def __init__(self) -> None:
        self._known: Remembered[Comparison] = Remembered(_REMEMBERED_BYTES)
        self._slots: dict[str, asyncio.Semaphore] = {}  # by server: one may not answer
        self.questions = 0
        self.trials = Trials()

    async def judge(self, client: KubeClient, question: Question, look: Look) -> Comparison:
        """Return SYNCED or OUT_OF_SYNC for a resource that is both wanted and live.

        Args:
            client: of its cluster.
            question: what is compared.
            look: runs what users wrote.
        """
        settings = _with_mode(question)
        digest = live_digest(question.live, with_status=not settings.ignore_status)
        key = (question.target_digest, digest, settings, question.context)
        found = self._known.get(key)
        if found is None:
            found = _shown(await self._decide(client, question, settings, look), question)
            if found.is_provisional:
                return found
            self._known.put(key, found, _size(found))
        return found

    async def _decide(
        self, client: KubeClient, question: Question, settings: CompareSettings, look: Look
    ) -> Comparison:
        schema = load_builtin_schema().schema_for(gvk_of(question.target))
        comparison = await look.settle(
            lambda: compare(question.target, question.live, settings, schema)
        )
        if comparison.verdict is not Verdict.ASK:
            return comparison
        async with self._slots_of(client.transport.server):
            self.questions += 1
            try:
                validation = "Strict" if question.options.validate else "Ignore"
                prediction, _ = await client.apply(
                    prepare_target(question.target),
                    manager=settings.manager,
                    dryRun="All",
                    fieldValidation=validation,
                )
                self._remember_trial(client, question)
                live = await _in_version(client, question.live, gvk_of(question.target))
            except (ApiError, NotFoundError, ClusterError) as err:
                refusal = judge_refusal(comparison, err.what)
                return msgspec.structs.replace(refusal, is_provisional=err.transient)
        return await look.settle(
            lambda: judge_prediction(question.target, live, prediction, settings, schema)
        )

    def _slots_of(self, server: str) -> asyncio.Semaphore:
        return self._slots.setdefault(server, asyncio.Semaphore(_PARALLEL_QUESTIONS))

    def _remember_trial(self, client: KubeClient, question: Question) -> None:
        """A sync of the same target to the same object need not be tried again."""
        options = resource_options(question.options, question.target, question.live)
        server, digest = client.transport.identity, question.target_digest
        self.trials.accept(Trial.of_target(server, digest, question.live, options))


def _shown(found: Comparison, question: Question) -> Comparison:
    """Return a verdict whose note shows no value of a Secret, whoever put it there."""
    if not found.note:
        return found
    note = without_secrets(found.note, (question.target, question.live))
    return msgspec.structs.replace(found, note=note)


def _size(comparison: Comparison) -> int:
    # Values of fields may be large; decoded they take about twice what they take as JSON.
    drifts = 2 * len(msgspec.json.encode(comparison.drifts)) if comparison.drifts else 0
    return _ENTRY_BYTES + drifts + len(comparison.note)


async def _in_version(client: KubeClient, live: Manifest, wanted: GroupVersionKind) -> Manifest:
    """Return the live object as the target's apiVersion shows it."""
    if gvk_of(live) == wanted:
        return live
    key = key_of(live)
    return await client.get(wanted, key.namespace, key.name) or live


def _with_mode(question: Question) -> CompareSettings:
    options = resource_options(question.options, question.target, question.live)
    mode = CompareMode.APPLY
    if options.replace:
        mode = CompareMode.REPLACE
    elif options.server_side is False or not options.validate:
        mode = CompareMode.CLIENT_SIDE
    return msgspec.structs.replace(question.settings, mode=mode, migrates=options.migrates)
