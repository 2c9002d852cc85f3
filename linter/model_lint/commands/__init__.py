"""The commands of ``model-lint``, one module each with ``add_arguments`` and ``run``.

``fix`` is no command, but the part of ``check`` that repairs.
"""
