"""Expressions of `when` and `oncePer`: the language of expr-lang, as a small pure interpreter.

`parse` turns a text into a tree, `evaluate` gives the value of the tree for some variables. Neither
does I/O nor knows the clock: functions such as `time.Now` come in as variables. Both are bounded:
a text in length and depth, an evaluation in steps, in the size of what it builds, and in the time
of a regular expression, which is linear.

What an expression means was recorded from the Go library itself (tests/recorded/expr).

Source: expr-lang.org, "Language Definition"; Argo CD operator manual, "Notifications, Triggers".
"""
