"""How Sphinx builds the site; scripts/docs.sh runs it."""

project = "tiphys"
html_title = "tiphys"
copyright = "the authors of tiphys, Apache-2.0"  # noqa: A001 -- Sphinx's name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
# Headings can be linked to, and a link that leads nowhere is an error (-W).
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings: list[str] = []
