"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``.

``audience``, ``fix_options`` and ``sct_options`` are not commands: they are the options of a command,
or options that commands share or import only if they are given.
"""
