"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``.

``fix_options`` and ``sct_options`` are not commands: they are the options of one.
"""
