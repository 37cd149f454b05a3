import pytest

from gateway.accounts.permissions import DESK_ROLES, Action, DeskRole, allowed, allows

OVER_OTHERS = {
    Action.SUPERVISE,
    Action.SEE_ALL,
    Action.SEE_MEASURES,
    Action.READ_AUDIT,
    Action.MANAGE_ACCOUNTS,
}


def test_every_action_may_be_done_by_somebody_and_none_by_everybody() -> None:
    for action in Action:
        may = {role for role in DESK_ROLES if allows(role, action)}
        assert may and may != set(DESK_ROLES), action


def test_an_agent_has_no_power_over_others() -> None:
    assert not OVER_OTHERS & set(allowed("agent"))
    assert set(Action) - OVER_OTHERS == set(allowed("agent"))


def test_a_supervisor_can_do_what_an_agent_can_and_look_after_all() -> None:
    assert set(allowed("agent")) < set(allowed("supervisor"))
    assert allows("supervisor", Action.SUPERVISE) and allows("supervisor", Action.SEE_ALL)
    assert not allows("supervisor", Action.MANAGE_ACCOUNTS)


@pytest.mark.parametrize(
    "action", [Action.SEE_PII, Action.MESSAGE, Action.SUPERVISE, Action.RUN_TOOL, Action.ACCEPT]
)
def test_an_admin_has_no_business_with_customers(action: Action) -> None:
    assert not allows("admin", action)
    assert allows("admin", Action.MANAGE_ACCOUNTS)


@pytest.mark.parametrize("role", DESK_ROLES)
def test_what_a_role_may_is_told_in_one_order(role: DeskRole) -> None:
    assert allowed(role) == [action for action in Action if allows(role, action)]
