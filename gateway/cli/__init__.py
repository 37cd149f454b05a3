"""The command `warmline`: one module for each subcommand, imported only when it is called.

`serve` runs the gateway, `chat` and `call` are its customers at a terminal, `agents` keeps the accounts of
those who work at its desk, `follow-ups` shows what customers are owed, `check` and `doctor` say what is wrong
before it runs, `models` fetches what it needs. Results go to standard output, everything else to standard
error. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 69 something that is needed cannot be
reached, 130 interrupted.
"""
