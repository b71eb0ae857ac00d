import pytest

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind
from tiphys.settings.durations import parse_duration
from tiphys.settings.settings import Settings, parse_settings


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("10", 10, id="bare digits are seconds"),
        pytest.param("1m30s", 90, id="units add up"),
        pytest.param("1.5h", 5400, id="fractions are allowed"),
        pytest.param("500ms", 0.5, id="milliseconds"),
        pytest.param("-1s", -1, id="negative"),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text, where="x") == seconds


@pytest.mark.parametrize("text", ["", "1x", "m5", "1s2", "²", "9" * 400, "9999999h", "1" * 200_000])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a duration"):
        parse_duration(text, where="x")


def test_empty_config_maps_give_the_defaults() -> None:
    assert parse_settings({}, {}) == Settings()


def test_a_setting_that_does_not_parse_keeps_its_default_and_is_named() -> None:
    settings = parse_settings({"timeout.reconciliation": "often", "helm.enable": "ja"}, {})

    assert settings.reconciliation_s == 120
    assert settings.helm_enabled
    assert [line.split(": ")[1] for line in settings.problems] == [
        "timeout.reconciliation",
        "helm.enable",
    ]


@pytest.mark.parametrize("text", ["inf", "nan", "1e400", "-inf", "²", "9" * 5000])
def test_a_number_that_is_none_keeps_its_default_and_is_named(text: str) -> None:
    keys = ("controller.status.processors", "reposerver.max.combined.directory.manifests.size")
    settings = parse_settings({"webhook.maxPayloadSizeMB": text}, dict.fromkeys(keys, text))

    assert settings.status_processors == Settings().status_processors
    assert settings.webhook_max_bytes == Settings().webhook_max_bytes
    assert len(settings.problems) == 3


@pytest.mark.parametrize("text", ["0", "-5", "0.5"])
def test_less_than_one_worker_or_second_is_refused(text: str) -> None:
    names = ("status.processors", "repo.server.timeout.seconds")
    settings = parse_settings({}, {f"controller.{name}": text for name in names})

    assert settings.status_processors == Settings().status_processors
    assert settings.render_timeout_s == Settings().render_timeout_s
    assert len(settings.problems) == 2


def test_a_setting_that_means_nothing_here_is_named_when_somebody_changed_it() -> None:
    settings = parse_settings(
        {},
        {
            "controller.operation.processors": "25",
            "controller.resource.health.persist": "true",
        },
    )

    (problem,) = settings.problems
    assert problem == (
        "argocd-cmd-params-cm: controller.operation.processors: has no effect: operations are "
        "carried out by those of controller.status.processors"
    )


def test_exclusions_are_read_as_a_list_of_filters() -> None:
    text = "- apiGroups: ['*.example.com']\n  kinds: [Noise]\n  clusters: ['https://a']"
    (rule,) = parse_settings({"resource.exclusions": text}, {}).exclusions

    assert (rule.api_groups, rule.kinds, rule.clusters) == (
        ("*.example.com",),
        ("Noise",),
        ("https://a",),
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            {"resource.customizations.health.example.com_Thing": "return {}"}, id="a key a kind"
        ),
        pytest.param(
            {"resource.customizations": "example.com/Thing:\n  health.lua: return {}"},
            id="one map for all",
        ),
    ],
)
def test_both_spellings_of_a_health_script_mean_the_same(data: dict[str, str]) -> None:
    script = parse_settings(data, {}).customizations.health_script(
        GroupKind("example.com", "Thing")
    )

    assert script is not None
    assert script.script == "return {}"


ACTIONS = """
discovery.lua: return {repair = {}}
definitions:
- name: repair
  action.lua: return obj
mergeBuiltinActions: true
"""
INDENTED = ACTIONS.replace("\n", "\n    ")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            {"resource.customizations.actions.example.com_Boat": ACTIONS}, id="a key for each kind"
        ),
        pytest.param(
            {"resource.customizations": f"example.com/Boat:\n  actions: |{INDENTED}"},
            id="one map for all, the actions as text",
        ),
        pytest.param(
            {"resource.customizations": f"example.com/Boat:\n  actions:{INDENTED}"},
            id="one map for all, the actions as a map",
        ),
    ],
)
def test_actions_are_read_in_all_spellings(data: dict[str, str]) -> None:
    settings = parse_settings(data, {})
    actions = settings.customizations.actions_of(GroupKind("example.com", "Boat"))

    assert settings.problems == ()
    assert actions is not None
    assert actions.discovery == "return {repair = {}}"
    assert actions.definitions == {"repair": "return obj"}
    assert actions.merges_built_in


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("definitions: 3", id="no list"),
        pytest.param("definitions: [{name: repair}]", id="a definition without a script"),
        pytest.param("{", id="no YAML"),
    ],
)
def test_actions_that_cannot_be_read_are_a_problem(text: str) -> None:
    settings = parse_settings({"resource.customizations.actions.example.com_Boat": text}, {})

    (problem,) = settings.problems
    assert problem.startswith("argocd-cm: resource.customizations of example.com/Boat: actions: ")
    assert settings.customizations.actions_of(GroupKind("example.com", "Boat")) is None


def test_an_exact_health_script_wins_over_a_pattern() -> None:
    data = {
        "resource.customizations.health.*.example.com_*": "pattern",
        "resource.customizations.health.a.example.com_Thing": "exact",
    }
    customizations = parse_settings(data, {}).customizations

    exact = customizations.health_script(GroupKind("a.example.com", "Thing"))
    other = customizations.health_script(GroupKind("b.example.com", "Other"))
    assert exact is not None
    assert exact.script == "exact"
    assert other is not None
    assert other.script == "pattern"


def test_ignored_differences_of_all_kinds_carry_a_star() -> None:
    data = {"resource.customizations.ignoreDifferences.all": "jsonPointers: [/spec/replicas]"}
    (rule,) = parse_settings(data, {}).ignored_differences()

    assert (rule.group, rule.kind, rule.json_pointers) == ("*", "*", ("/spec/replicas",))


def test_an_unknown_type_of_customization_is_a_problem() -> None:
    settings = parse_settings({"resource.customizations.helth.Pod": "return {}"}, {})

    assert "`helth` is no type of customization" in settings.problems[0]


def test_the_environment_sets_the_wave_delay() -> None:
    assert parse_settings({}, {}, environment={"ARGOCD_SYNC_WAVE_DELAY": "0"}).wave_delay_s == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            {
                "resource.customizations.knownTypeFields.example.com_Thing": (
                    "- field: spec\n  type: core/v1/ResourceList"
                )
            },
            id="a key a kind",
        ),
        pytest.param(
            {
                "resource.customizations": (
                    "example.com/Thing:\n"
                    "  knownTypeFields: [{field: spec, type: core/v1/ResourceList}]"
                )
            },
            id="one map for all",
        ),
    ],
)
def test_both_spellings_of_known_types_mean_the_same(data: dict[str, str]) -> None:
    settings = parse_settings(data, {})

    (field,) = settings.customizations.known_type_fields(GroupKind("example.com", "Thing"))
    assert (field.field, field.type) == ("spec", "core/v1/ResourceList")
    assert not settings.problems
    assert not settings.customizations.known_type_fields(GroupKind("example.com", "Other"))


def test_a_rollouts_pods_are_known_without_a_setting() -> None:
    (field,) = Settings().customizations.known_type_fields(GroupKind("argoproj.io", "Rollout"))

    assert (field.field, field.type) == ("spec.template.spec", "core/v1/PodSpec")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("[{field: spec, type: core/v1/Nothing}]", "`core/v1/Nothing`", id="no type"),
        pytest.param("[{field: spec}]", "missing required field `type`", id="a part is missing"),
        pytest.param("{", "while parsing", id="no YAML"),
    ],
)
def test_a_known_type_that_cannot_be_used_is_named(text: str, what: str) -> None:
    key = "resource.customizations.knownTypeFields.example.com_Thing"

    (problem,) = parse_settings({key: text}, {}).problems

    assert what in problem
