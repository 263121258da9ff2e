"""Which fields a change touches, told of any two declarations."""

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import declarations
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import fields_changed, fields_of, name_of


@given(declarations(), declarations(), st.data())
def test_exactly_the_fields_that_differ_are_named(before: Declaration, other: Declaration, data: st.DataObject) -> None:
    parts = data.draw(st.sets(st.sampled_from(sorted(Declaration.model_fields))))
    after = before.model_copy(update={name: getattr(other, name) for name in parts})
    old, new = fields_of(before), fields_of(after)
    named = {name_of(path) for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    assert fields_changed(before, after) == tuple(sorted(named))


@given(declarations(), st.data())
def test_the_order_of_the_members_is_no_change(declared: Declaration, data: st.DataObject) -> None:
    after = declared.model_copy(update={"members": data.draw(st.permutations(declared.members))})
    assert fields_changed(declared, after) == ()


@given(declarations())
def test_of_a_member_who_joins_or_leaves_all_that_is_told_is_named(whole: Declaration) -> None:
    less = whole.model_copy(update={"members": whole.members[:-1]})
    told = {f"members.{name}" for name, given in whole.members[-1] if given is not None}
    assert fields_changed(less, whole) == fields_changed(whole, less) == tuple(sorted(told))
