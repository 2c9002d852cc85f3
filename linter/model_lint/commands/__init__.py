"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``.

``*_options`` has the options of a command, and ``reporting`` what commands that lint share.
"""
