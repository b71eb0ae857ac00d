"""What the README tells people to type names things that are there."""

import re
from pathlib import Path

from tiphys.sandbox.demo import content_dir

ROOT = Path(__file__).parents[2]


def test_the_first_deployment_edits_a_field_of_a_file_of_the_demo() -> None:
    readme = (ROOT / "README.md").read_text()
    edited = re.findall(r"sed -i 's/(\w+): .*' (\S+)", readme)
    assert edited
    for field, path in edited:
        assert f"{field}: " in (content_dir() / path).read_text()


def test_the_documents_that_it_links_to_are_there() -> None:
    for target in re.findall(r"\]\((docs/[^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
