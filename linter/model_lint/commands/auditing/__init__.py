"""How `model-lint audit` works: repositories and releases in parallel, each linted once."""
