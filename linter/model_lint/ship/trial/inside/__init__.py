"""What runs beside nnU-Net, in the Python that has it: load a package and predict.

Nothing here imports model_lint: it is started as a program of its own, by a Python that may have
nothing but nnU-Net. It reads one request on standard input, limits itself, says how, waits for
leave, and answers one JSON object a line.
"""
