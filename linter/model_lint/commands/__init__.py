"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``."""
