import errno

import pytest

from gateway.weights import errors
from pipelines.facts import Unavailable


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_used_up_quota_are_the_same_trouble(code: int) -> None:
    assert errors.is_full(OSError(code, "no"))


def test_a_forbidden_folder_is_no_full_disk() -> None:
    assert not errors.is_full(PermissionError(errno.EACCES, "no"))


def test_only_what_may_work_later_counts_as_unavailable() -> None:
    assert issubclass(errors.Unreachable, Unavailable) and issubclass(errors.NotThere, Unavailable)
    assert not issubclass(errors.Damaged, Unavailable) and not issubclass(errors.NoSpace, Unavailable)
