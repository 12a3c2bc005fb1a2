"""The event catalogue and the AsyncAPI document, written from the code that the services run.

`python -m contracts.catalogue` writes both under `docs`; `--check` says which one is out of date.
"""
