from __future__ import annotations

from ringwork.controls import control
from ringwork.prove import kinds
from ringwork.survey.flows import Entry, Flow, Step, Strength
from ringwork.survey.linters import codes


def test_every_kind_belongs_to_a_check_of_the_catalogue():
    """A finding whose control nobody has would be lost in every report."""
    known = {row.id for one in control.load().controls for row in one.checks}
    assert [meaning.check for meaning in kinds.kinds().values() if meaning.check not in known] == []


def test_every_code_of_other_tools_means_a_kind_that_is_known():
    """The table of codes and the table of kinds are held together."""
    met = {codes.of_bandit(f"B{number}") for number in range(101, 720)} | {codes.of_ruff(code) for code in ("BLE001", "T100", "S602")}
    assert met <= set(kinds.kinds())


def test_what_a_model_answered_is_a_control_of_its_own():
    """A language model's answer that is run is judged as such, whatever it reaches."""
    step = Step(file="a.py", line=1, column=0, said="")
    flow = Flow(kind="code", strength=Strength.STRONG, sink="eval", entry=Entry(kind="model"), steps=(step,), function="f")
    assert kinds.check_of(flow) == "output.llm-output/output-to-sink"
