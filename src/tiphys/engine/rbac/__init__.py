"""Who may do what: the permissions of callers, apart from what projects permit Applications.

From text to decision, one module a step: `parsing` reads policy lines, `patterns` compiles what
they match, `rules` holds one set of lines ready to be asked, `projects` makes such a set of a
project's roles, `decision` asks them in the order that Argo CD asks them in. `builtin` and
`vocabulary` are data.

Source: Argo CD operator manual, "RBAC Configuration"; user guide, "Projects".
"""
