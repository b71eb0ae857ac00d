"""What the README tells people to type names things that are there."""

import re
import textwrap
from pathlib import Path

import yaml

from tiphys.delivery.applications import decode_application
from tiphys.sandbox.demo import content_dir

ROOT = Path(__file__).parents[2]


def test_the_first_deployment_edits_a_field_of_a_file_of_the_demo() -> None:
    readme = (ROOT / "README.md").read_text()
    edited = re.findall(r"sed -i 's/(\w+): .*' (\S+)", readme)
    assert edited
    for field, path in edited:
        assert f"{field}: " in (content_dir() / path).read_text()


def test_the_application_for_an_own_cluster_is_understood() -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"(?:^    .*\n)+", readme[readme.index("    apiVersion:") :], re.MULTILINE)
    assert block
    application = decode_application(yaml.safe_load(textwrap.dedent(block[0])))
    assert application.spec.all_sources[0].path == "guestbook"


def test_the_documents_that_it_links_to_are_there() -> None:
    for target in re.findall(r"\]\((docs/[^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
