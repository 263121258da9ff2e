"""Which fields a change touches, told of any two declarations."""

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.strategies import declarations
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import MEMBERS, fields_changed, fields_of, merged, name_of


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


@given(declarations(), declarations(), st.data())
def test_done_to_another_version_a_change_gives_its_fields_and_leaves_the_others(
    last: Declaration, other: Declaration, data: st.DataObject
) -> None:
    parts = st.sets(st.sampled_from(sorted(Declaration.model_fields.keys() - {MEMBERS})))
    mine, older = (
        last.model_copy(update={name: getattr(other, name) for name in data.draw(parts)}) for _ in ("mine", "older")
    )

    done = merged(last, older, mine, keep="mine").declaration

    assert done is not None
    was, wanted, held, has = (fields_of(each) for each in (last, mine, older, done))
    for path in was.keys() | wanted.keys() | held.keys():
        changed = wanted.get(path) != was.get(path)
        assert has.get(path) == (wanted if changed else held).get(path)


@given(declarations(), declarations())
def test_who_was_not_there_then_is_not_brought_in_by_a_change_of_theirs(whole: Declaration, other: Declaration) -> None:
    *members, last = whole.members
    assume(last.relationship != "head" and not last.declarant)
    less = whole.model_copy(update={"members": members})
    another = last.model_copy(update={"birth_precision": "year" if last.birth_precision == "day" else "day"})
    mine = whole.model_copy(update={"members": [*members, another], "commune": other.commune})

    assert merged(whole, less, mine, keep="mine").declaration == less.model_copy(update={"commune": other.commune})
