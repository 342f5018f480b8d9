"""The published table."""

from companion import lra


def test_the_table_has_its_rows():
    rows = {row["model"]: row for row in lra.lra_table()}
    assert len(rows) == 17
    assert rows["S4"]["pathx256"] == 67.82
    assert rows["Transformer"]["pathx"] is None
    assert {row["status"] for row in rows.values()} == {"verified", "recalled", "doubtful"}


def test_every_number_is_a_percentage():
    for row in lra.lra_table():
        assert all(row[task] is None or 0 < row[task] < 100 for task in lra.TASKS)
