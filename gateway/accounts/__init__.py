"""Our own people: who works at the desk, how they prove it, and what they may do.

    account.py          a person who works at the desk, as routing and the page see them  [core]
    permissions.py      which role may do which action  [core]
    password_rules.py   which passwords are refused, and why; makes one where nobody wants to choose  [core]
    passwords.py        argon2 in worker threads, a bounded number at a time
    desk_session.py     one sign-in: a token that only the browser knows, idle and absolute expiry
    sign_ins.py         signing in and out, who is behind a token, and telling connections when it is over
    accounts.py         adding people, changing, disabling them: the command line's side
    audit.py            who did what to which contact, written before it is done
    demo_agents.py      two made-up people for a machine where somebody only tries Warmline

An account is known by its sign-in name to its owner, by its display name to colleagues and customers, and by
its `agent_id` to everything else; logs and the audit name the id only. Its password's hash is never part of
an `Account`, so that it cannot leave with one.

Whatever takes rights away (another role or password, disabling) raises the account's generation in the same
transaction, and a sign-in counts only while its generation is the account's: so it ends everywhere at once,
also on other nodes, and a sign-in that was under way meanwhile is void. Connections that last look again
every few seconds.

`gateway/store` keeps all of it; `gateway/web/sign_in.py` has the routes; `warmline agents` is for whoever
runs the gateway.
"""
