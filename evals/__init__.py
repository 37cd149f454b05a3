"""Scripted conversations that the whole agent must get right, with the real model, shop and articles.

`python -m evals.run` plays every conversation of `conversations/*.yaml` and prints a table, the failures and
the pass rate; its exit code is 1 below 90 %. `conversation.py` says what a script may expect.
`python -m evals.briefing` does the same for what a person is told who takes a customer over, and says how
soon it is there: `briefings/*.yaml`, `briefing_session.py`.
"""
