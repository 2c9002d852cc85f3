"""Everything that a pull request of the Spinal Cord Toolbox needs for a model.

`gather` reads the packages and what their repository says of the model; `describe` makes of it what
SCT states of a model. The modules `entries`, `page`, `gallery` and `tests` each write one of the
four places of SCT; `plan` puts them together for a checkout, and `branch` commits them. `compare`
says how an existing entry differs.

SCT's Python files are never executed. `source` finds the place of a change in their syntax tree,
leaves every other byte as it is, and requires that the tree of the result differs by that change.
"""
