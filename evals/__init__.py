"""Scripted conversations that the whole agent must get right, with the real model, shop and articles.

`python -m evals.run` plays every conversation of `conversations/*.yaml` and prints a table, the failures and
the pass rate; its exit code is 1 below 90 %. `conversation.py` says what a script may expect.
"""
