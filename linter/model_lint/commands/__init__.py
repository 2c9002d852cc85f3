"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``.

``audience`` and ``fix_options`` are not commands: they are options that commands share or import
only if they are given.
"""
