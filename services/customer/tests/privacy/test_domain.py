"""When an erasure is complete."""

from hypothesis import given
from hypothesis import strategies as st

from customer.privacy.domain import SERVICES, ErasureState, state_of


@given(st.lists(st.sampled_from([*SERVICES, "webhooks", "nobody"])))
def test_an_erasure_is_complete_when_all_five_have_confirmed_in_whatever_order(heard: list[str]) -> None:
    complete = state_of(heard) is ErasureState.COMPLETED
    assert complete == all(service in heard for service in SERVICES)
