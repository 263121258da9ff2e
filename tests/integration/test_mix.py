"""What `sijil bench mix` prepares is real work: each change and each upheld appeal comes to its end in the register."""

from benchmarks import changing
from benchmarks.changing import Shares
from benchmarks.mix import DONE, FIRST_OF_REGISTERED
from benchmarks.prepared import fill
from tests.changing import nothing_wrong
from tests.filing import Worker, drain_all, rows, value

SEED = 3


def test_prepared_changes_and_appeals_end_in_the_register(database: str, worker: Worker) -> None:
    fill(60, SEED, FIRST_OF_REGISTERED)
    drain_all(worker())
    counts = changing.fill(100, Shares(updates=0.3, appeals=0.15), SEED)
    assert counts == {"registrations": 55, "updates": 30, "appeals": 15}
    assert value("select count(*) from cases where ready") == 45
    assert not value(DONE)
    drain_all(worker())
    assert value(DONE)
    ended = rows(
        "select kind, parent_id is not null, stage, count(*) from cases where kind <> 'registration' group by 1, 2, 3"
    )
    assert sorted(ended) == [
        ("appeal", False, "notified", 15),
        ("update", False, "notified", 30),
        ("update", True, "notified", 15),
    ]
    assert value("select count(*) from score_correction where score_corrected <> score_computed") > 0
    assert nothing_wrong()
