"""Everything that a pull request of the Spinal Cord Toolbox needs for a model.

`gather` reads the packages and what their repository says of the model; `describe` makes of it what
SCT states of a model. `entries`, `page` and `testing` write that into SCT's files of models,
documentation and tests; `plan` puts it together for a checkout, and `branch` commits it. `existing`
reads the entries that SCT has, and `compare` says how one differs.

SCT's Python files are never executed. `source` finds the place of a change in their syntax tree,
leaves every other byte as it is, and requires that the tree of the result differs by that change.
"""
